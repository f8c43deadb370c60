#pragma once

#include <map>
#include <optional>
#include <string_view>

#include "config/check.h"
#include "config/context.h"
#include "config/draft.h"
#include "config/fields.h"
#include "config/tree.h"

namespace prox::config {

// Turns a tree of files that the Checker has seen into a Draft, and checks what concerns one value or one object: addresses,
// patterns, header fields, required keys, contents of resources. Values of a wrong form were reported before; they are taken
// as not written.
class Reader {
 public:
  Reader(const Context& context, const Checker& checker, const Tree& tree)
      : context_(context), checker_(checker), tree_(tree) {}

  Draft read();

 private:
  // Names of one kind, which no two files may define, and where each was defined first.
  struct Names {
    std::string_view noun;
    std::string_view id;  // of the diagnostic about a second one
    std::map<std::string_view, Place> places;
  };

  void read_root(const json5::Value& root);
  bool lacks_services(const json5::Value& root);
  void read_definitions(const json5::Value& file);
  void refuse_definitions(const ServiceSource& source);
  void define(Names& names, const json5::Member& member);
  void read_service(const ServiceSource& source);
  void report_missing(const ServiceSource& source, std::string_view id, std::string_view what,
                      std::string help = {});
  void read_service_keys(const json5::Value& value, Service& service);
  void read_routes(const json5::Items& items, ServiceDraft& draft);
  void read_include(const json5::Value& string, ServiceDraft& draft);
  void add_route(const json5::Value& value, ServiceDraft& draft,
                 const std::optional<Diagnostic::Note>& use);
  RouteDraft read_route(const json5::Value& value, std::string_view service, std::size_t index);
  void read_route_keys(const json5::Value& value, Route& route);
  void read_action_of(const json5::Value& value, std::string_view service, RouteDraft& draft);
  Match read_match(const json5::Member& member, RouteDraft& draft);
  void read_set(const Fields& route, StringMap& set);

  void read_action(const json5::Value& value, Text name, bool is_inline);
  void check_action(const json5::Value& value, Action& action);
  void check_upstream(const json5::Value& value, const Action& action);
  void check_static(const json5::Value& value, const Action& action, StaticAction& options);
  void read_resource(const json5::Value& value, Text name, bool is_inline);
  void read_content(const json5::Value& value, Resource& resource);
  void read_resource_file(const Path& file, Resource& resource);

  const Context& context_;
  const Checker& checker_;
  const Tree& tree_;
  Draft draft_;
  Names action_names_{"action", "duplicate-action", {}};
  Names resource_names_{"resource", "duplicate-resource", {}};
  Names plugin_names_{"plugin", "duplicate-plugin", {}};
};

// The member of an object that is an object, or nullptr.
const json5::Value* object_at(const json5::Value& object, std::string_view key);
const json5::Member* member_at(const json5::Value& object, std::string_view key);

}  // namespace prox::config
