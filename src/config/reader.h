#pragma once

#include <string_view>

#include "config/check.h"
#include "config/context.h"
#include "config/draft.h"
#include "config/fields.h"

namespace prox::config {

// Turns a root object that the Checker has seen into a Draft, and checks what concerns one value or one object: addresses,
// patterns, header fields, required keys, contents of resources. Values of a wrong form were reported before; they are taken
// as not written.
class Reader {
 public:
  Reader(const Context& context, const Checker& checker) : context_(context), checker_(checker) {}

  Draft read(const json5::Value& root);

 private:
  void read_services(const json5::Value& root);
  void read_service(const json5::Member& member);
  void read_listen(const json5::Value& value, ServiceDraft& draft);
  void read_service_keys(const json5::Value& value, Service& service);
  void read_routes(const json5::Value& value, ServiceDraft& draft);
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
  Draft draft_;
};

// The member of an object that is an object, or nullptr.
const json5::Value* object_at(const json5::Value& object, std::string_view key);
const json5::Member* member_at(const json5::Value& object, std::string_view key);

}  // namespace prox::config
