#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "config/files.h"
#include "config/rules.h"

// The plugin registry, references to it, and the programs behind it.
namespace prox::config {
namespace {

class PluginRules {
 public:
  explicit PluginRules(const Rules& rules) : rules_(rules) {
    for (const PluginDraft& draft : rules.draft.plugins) names_.push_back(draft.plugin.name.value);
  }

  void check_entry(const PluginDraft& draft);
  void check_list(const Texts& references);

 private:
  void check_program(const Plugin& plugin);

  const Rules& rules_;
  std::vector<std::string_view> names_;
};

bool is_regular(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

// What is run for a path: the program itself; what a source or its directory is compiled to.
std::string program_of(const std::string& path) {
  std::string base = path;
  while (base.size() > 1 && base.ends_with('/')) base.pop_back();
  if (is_directory(base)) return fmt::format("{}/{}", base, base.substr(base.rfind('/') + 1));
  return base.ends_with(".go") ? base.substr(0, base.size() - 3) : base;
}

void PluginRules::check_entry(const PluginDraft& draft) {
  const Plugin& plugin = draft.plugin;
  if (!plugin.path.written.value.empty()) return check_program(plugin);
  const json5::Value* value = draft.value;
  const json5::Value* path = value->find("path");
  if (path != nullptr ? path->as_string() == nullptr : !rules_.lacks(value, "path")) return;
  rules_.diagnostics().error("plugin-path", plugin.name.place,
                             fmt::format("plugin \"{}\" needs a path", plugin.name.value));
}

void PluginRules::check_program(const Plugin& plugin) {
  const std::string program = program_of(plugin.path.resolved);
  const bool exists = is_regular(program);
  if (exists && access(program.c_str(), X_OK) == 0) return;
  const bool is_source =
      program != plugin.path.resolved || is_regular(fmt::format("{}.go", program));
  const std::string reason = exists      ? "it is not executable"
                             : is_source ? "it is not compiled"
                                         : "there is no such program";
  Diagnostic& found =
      rules_.context.environment("plugin-binary", plugin.path.written.place,
                                 fmt::format("plugin \"{}\": {}", plugin.name.value, reason));
  if (!exists && is_source) found.help = "run prox build";
}

void PluginRules::check_list(const Texts& references) {
  for (const Text& reference : references) {
    const std::string& name = reference.value;
    if (name.empty()) {
      rules_.diagnostics().error("plugin-empty", reference.place, "empty plugin reference");
    } else if (std::find(names_.begin(), names_.end(), name) == names_.end() &&
               name.find_first_of("/.") == std::string::npos && !rules_.draft.plugins_incomplete) {
      rules_.diagnostics().error("plugin-unknown", reference.place,
                                 fmt::format("no plugin is named \"{}\"", name),
                                 did_you_mean(name, names_));
    }
  }
}

}  // namespace

void check_plugins(const Rules& rules) {
  PluginRules plugins(rules);
  for (const PluginDraft& draft : rules.draft.plugins) plugins.check_entry(draft);
  for (const ActionDraft& action : rules.draft.actions) plugins.check_list(action.action.plugins);
  for (const ServiceDraft& service : rules.draft.services) {
    plugins.check_list(service.service.plugins);
    for (const RouteDraft& route : service.routes) plugins.check_list(route.route.plugins);
  }
}

}  // namespace prox::config
