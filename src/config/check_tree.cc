#include "config/check_tree.h"

#include <fmt/format.h>

#include <set>
#include <string>

namespace prox::config {
namespace {

using json5::Value;

class TreeChecker {
 public:
  TreeChecker(const Context& context, const Tree& tree, Checker& checker)
      : context_(context), tree_(tree), checker_(checker) {}

  void check() {
    if (tree_.root != nullptr) check_root();
    for (const ServiceSource& source : tree_.services) check_service(source);
    for (const Document* document : tree_.route_files) {
      if (document->value) check_route_file(*document);
    }
  }

 private:
  // Whether the file holds an object; anything else is reported.
  bool holds_object(const Document& document);
  void check_root();
  void check_service(const ServiceSource& source);
  void check_route_file(const Document& document);

  const Context& context_;
  const Tree& tree_;
  Checker& checker_;
  std::set<const Document*> seen_;
};

bool TreeChecker::holds_object(const Document& document) {
  if (document.value && document.object() == nullptr) {
    context_.diagnostics.error("root-type", document.value->place,
                               "a configuration file must hold one object");
  }
  return document.object() != nullptr;
}

void TreeChecker::check_root() {
  if (!holds_object(*tree_.root)) return;
  const schema::Object& object = tree_.is_directory ? schema::global_file() : schema::kRoot;
  checker_.check(*tree_.root->object(), object, std::string(object.thing));
}

void TreeChecker::check_service(const ServiceSource& source) {
  if (source.fragment == nullptr) return;  // checked where it is written
  checker_.check_name(source.name, schema::kService.title);
  if (!seen_.insert(source.fragment).second || !holds_object(*source.fragment)) return;
  const Value* plugins = source.value->find("plugins");
  const bool has_list = plugins != nullptr && plugins->as_array() != nullptr;
  checker_.check(*source.value, schema::fragment(has_list),
                 fmt::format("service \"{}\"", source.name.value));
  if (has_list && source.value->find("service_plugins") != nullptr) {
    Diagnostic& error = context_.diagnostics.error(
        "plugins-twice", plugins->place,
        "\"plugins\" as an array means the same as \"service_plugins\"; keep one of them");
    error.notes.push_back({source.value->find("service_plugins")->place, "the other one is here"});
  }
}

void TreeChecker::check_route_file(const Document& document) {
  const Value& value = *document.value;
  const bool is_array = value.as_array() != nullptr;
  const bool is_object = value.as_object() != nullptr;
  if (is_array || is_object) checker_.check_route_file(value);
  if (!is_array && (!is_object || checker_.lacks(value, "routes"))) {
    context_.diagnostics.error("include-shape", value.place,
                               "a route file must be an array of routes or { routes: [...] }");
  }
  const json5::Items* routes = document.routes();
  if (routes == nullptr) return;
  for (const Value& item : *routes) {
    if (item.as_string() == nullptr) continue;
    context_.diagnostics.error("include-nested", item.place,
                               "route files cannot include other files");
  }
}

}  // namespace

void check_tree(const Context& context, const Tree& tree, Checker& checker) {
  TreeChecker(context, tree, checker).check();
}

}  // namespace prox::config
