#include "config/tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>

#include "config/files.h"

namespace prox::config {
namespace {

using json5::Value;
using Role = WatchedPath::Role;

constexpr std::string_view kGlobalFile = "_global.json5";

// The path of what a string in `file` leads to, as short as it can be shown.
std::string path_beside(std::string_view file, std::string_view reference) {
  std::string_view path = reference;
  while (path.starts_with("./") && path.size() > 2) {
    path.remove_prefix(2);
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  }
  return path.empty() ? std::string(reference) : join(directory_of(file), path);
}

constexpr std::size_t kShortestNearMiss = 3;  // below, every name is near every other

// "web" for "web.json5".
std::string_view stem(std::string_view name) {
  if (name.ends_with(kConfigEnding)) name.remove_suffix(kConfigEnding.size());
  return name;
}

// The config file whose name comes nearest to that of one that is missing, written as that one was; empty if there is none, or if it
// is not missing.
std::string help_for_missing(const std::string& path, std::string_view written) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) return {};
  const std::string directory = directory_of(path);
  const auto names = list_config_files(directory.empty() ? "." : directory);
  const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
  const std::string_view missing = name.substr(0, name.rfind('.'));  // the ending may be wrong, too
  if (!names || missing.size() < kShortestNearMiss) return {};
  std::vector<std::string_view> stems;
  std::transform(names->begin(), names->end(), std::back_inserter(stems), stem);
  const std::optional<std::string_view> meant = nearest(missing, stems);
  if (!meant) return {};
  return fmt::format("did you mean \"{}{}{}\"?", written.substr(0, written.rfind('/') + 1), *meant,
                     kConfigEnding);
}

class TreeReader {
 public:
  explicit TreeReader(const Context& context) : context_(context) {}

  Tree read(const std::string& path);

 private:
  // A string that leads to a file; in directory mode there is none.
  using Lead = const Value*;

  Document* open(const std::string& path, FileKind kind, std::string& fault);
  const Document* open_from(Lead lead, std::string_view noun, const std::string& path);
  Diagnostic& report(Lead lead, std::string_view id, std::string message);

  void read_root_file(const std::string& path);
  void read_root_directory(const std::string& path);
  bool read_global(const std::string& path);

  void add_service(const json5::Member& member);
  void add_directory(Lead lead, const std::string& path);
  void add_fragment(Text name, Lead lead, const std::string& path, std::string_view through);
  void add(ServiceSource source);

  void add_includes(const ServiceSource& source);
  void add_include(Lead lead, const Document* holder);
  void report_cycle(const Document* document, Lead lead, std::string_view through);

  const std::string& path_of(const Document* document) const {
    return context_.sources.path(document->file);
  }

  const Context& context_;
  Tree tree_;
  std::map<FileId, Document*> known_;
  std::map<std::string, Place, std::less<>> names_;  // of services
  std::map<const Document*, std::vector<Lead>>
      leads_;  // to route files; a lead twice for a fragment that is two services
};

Tree TreeReader::read(const std::string& path) {
  tree_.is_directory = is_directory(path);
  if (tree_.is_directory) {
    read_root_directory(path);
  } else {
    read_root_file(path);
  }
  for (const auto& [document, leads] : leads_) {
    for (const Lead lead : leads) tree_.includes[lead] = {document, leads.size() > 1};
  }
  return std::move(tree_);
}

// Reads and parses a file, if that was not done before.
Document* TreeReader::open(const std::string& path, FileKind kind, std::string& fault) {
  context_.watched.add(path, Role::ConfigFile);
  tl::expected<FileContent, std::string> content = read_file(path, kind, json5::kMaxBytes + 1);
  if (!content) {
    fault = std::move(content.error());
    return nullptr;
  }
  context_.watched.has_read(path, content->bytes);
  const auto [known, is_new] = known_.emplace(content->id, nullptr);
  if (!is_new) return known->second;
  if (content->writable_by_all) {
    Diagnostic& warning = context_.diagnostics.warning(
        "config-permissions", {}, fmt::format("config \"{}\" can be written by everyone", path),
        "take that away with chmod o-w");
    warning.has_place = false;
  }
  auto document = std::make_unique<Document>();
  document->file = context_.sources.add(path, std::move(content->bytes));
  document->value = json5::parse(context_.sources, document->file, context_.diagnostics);
  known->second = document.get();
  tree_.documents.push_back(std::move(document));
  return known->second;
}

const Document* TreeReader::open_from(Lead lead, std::string_view noun, const std::string& path) {
  std::string fault;
  const Document* document = open(path, FileKind::Regular, fault);
  if (document != nullptr) return document;
  const std::string& written = lead == nullptr ? path : *lead->as_string();
  Diagnostic& error = report(lead, noun == "route" ? "include-read" : "service-path",
                             fmt::format("cannot read {} file \"{}\": {}", noun, written, fault));
  error.help = help_for_missing(path, written);
  return nullptr;
}

Diagnostic& TreeReader::report(Lead lead, std::string_view id, std::string message) {
  if (lead == nullptr) return context_.diagnostics.error(id, std::move(message));
  return context_.diagnostics.error(id, lead->place, std::move(message));
}

void TreeReader::read_root_file(const std::string& path) {
  std::string fault;
  tree_.root = open(path, FileKind::Any, fault);
  if (tree_.root == nullptr) {
    Diagnostic& error =
        report(nullptr, "config-read", fmt::format("cannot read config \"{}\": {}", path, fault));
    error.help = help_for_missing(path, path);
    return;
  }
  const Value* root = tree_.root->object();
  if (root == nullptr) tree_.is_incomplete = true;
  const Value* services = root == nullptr ? nullptr : root->find("services");
  if (services == nullptr || services->as_object() == nullptr) return;
  for (const json5::Member& member : *services->as_object()) add_service(member);
}

void TreeReader::read_root_directory(const std::string& path) {
  context_.watched.add(path, Role::ConfigDirectory);
  tl::expected<std::vector<std::string>, std::string> names = list_config_files(path);
  if (names) context_.watched.has_read(path, *names);
  if (!names) {
    tree_.is_incomplete = true;
    report(nullptr, "config-read",
           fmt::format("cannot read config \"{}\": {}", path, names.error()));
    return;
  }
  tree_.is_incomplete = names->empty();
  if (names->empty()) {
    report(nullptr, "config-empty",
           fmt::format("config directory \"{}\" has no *.json5 file", path));
  }
  const auto global = std::find(names->begin(), names->end(), kGlobalFile);
  if (global != names->end() && read_global(join(path, kGlobalFile))) names->erase(global);
  for (const std::string& name : *names) {
    add_fragment({std::string(stem(name)), {}}, nullptr, join(path, name), {});
  }
}

// Whether the file holds what a root file would hold. If it says where to listen, it is a service like any other.
bool TreeReader::read_global(const std::string& path) {
  const Document* document = open_from(nullptr, "config", path);
  const Value* object = document == nullptr ? nullptr : document->object();
  if (object != nullptr && object->find("listen") != nullptr) return false;
  if (object == nullptr) tree_.is_incomplete = true;
  tree_.root = document;
  return true;
}

void TreeReader::add_service(const json5::Member& member) {
  const Value& value = member.value;
  Text name{member.key, member.key_place};
  if (value.as_string() == nullptr) {
    return add({std::move(name), value.as_object() == nullptr ? nullptr : &value, nullptr});
  }
  const std::string path = path_beside(path_of(tree_.root), *value.as_string());
  if (is_directory(path)) return add_directory(&value, path);
  add_fragment(std::move(name), &value, path, {});
}

void TreeReader::add_directory(Lead lead, const std::string& path) {
  context_.watched.add(path, Role::ConfigDirectory);
  const std::string& written = *lead->as_string();
  const tl::expected<std::vector<std::string>, std::string> names = list_config_files(path);
  if (names) context_.watched.has_read(path, *names);
  if (!names) {
    tree_.is_incomplete = true;
    report(lead, "service-path",
           fmt::format("cannot read service directory \"{}\": {}", written, names.error()));
  } else if (names->empty()) {
    tree_.is_incomplete = true;
    report(lead, "service-directory-empty",
           fmt::format("service directory \"{}\" has no *.json5 file", written));
  } else {
    for (const std::string& name : *names) {
      add_fragment({std::string(stem(name)), lead->place}, lead, join(path, name), written);
    }
  }
}

void TreeReader::add_fragment(Text name, Lead lead, const std::string& path,
                              std::string_view through) {
  const Document* document = open_from(lead, "service", path);
  if (document == nullptr) return add({std::move(name), nullptr, nullptr});
  if (lead != nullptr && document == tree_.root) return report_cycle(document, lead, through);
  if (lead == nullptr) name.place = {document->file, 0, 1};
  add({std::move(name), document->object(), document});
}

void TreeReader::add(ServiceSource source) {
  if (source.value == nullptr) tree_.is_incomplete = true;
  const auto [earlier, is_new] = names_.emplace(source.name.value, source.name.place);
  if (!is_new) {
    Diagnostic& error = context_.diagnostics.error(
        "service-duplicate", source.name.place,
        fmt::format("service \"{}\" is defined twice", source.name.value));
    error.notes.push_back({earlier->second, "first defined here"});
  }
  tree_.services.push_back(std::move(source));
  add_includes(tree_.services.back());
}

void TreeReader::add_includes(const ServiceSource& source) {
  const Value* routes = source.value == nullptr ? nullptr : source.value->find("routes");
  if (routes == nullptr || routes->as_array() == nullptr) return;
  const Document* holder = source.fragment == nullptr ? tree_.root : source.fragment;
  for (const Value& item : *routes->as_array()) {
    if (item.as_string() != nullptr) add_include(&item, holder);
  }
}

void TreeReader::add_include(Lead lead, const Document* holder) {
  const Document* document =
      open_from(lead, "route", path_beside(path_of(holder), *lead->as_string()));
  if (document == nullptr) return;
  if (document == holder) return report_cycle(document, lead, {});
  if (document == tree_.root && !tree_.is_directory) {
    return report_cycle(document, lead, path_of(holder));
  }
  std::vector<Lead>& leads = leads_[document];
  if (leads.empty()) tree_.route_files.push_back(document);
  leads.push_back(lead);
}

// No other cycle can be: route files lead nowhere.
void TreeReader::report_cycle(const Document* document, Lead lead, std::string_view through) {
  std::string message = fmt::format("\"{}\" includes itself", path_of(document));
  if (!through.empty()) message += fmt::format(" through \"{}\"", through);
  report(lead, "include-cycle", std::move(message));
}

}  // namespace

const Value* Document::object() const {
  return value && value->as_object() != nullptr ? &*value : nullptr;
}

const json5::Items* Document::routes() const {
  if (!value) return nullptr;
  const Value* routes = value->as_object() == nullptr ? &*value : value->find("routes");
  return routes == nullptr ? nullptr : routes->as_array();
}

Tree read_tree(const Context& context, const std::string& path) {
  return TreeReader(context).read(path);
}

}  // namespace prox::config
