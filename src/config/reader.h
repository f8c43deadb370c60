#pragma once

#include <optional>
#include <string_view>

#include "config/check.h"
#include "config/context.h"
#include "config/draft.h"

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
  void read_settings(const json5::Value& value, ServiceSettings& settings);
  void read_routes(const json5::Value& value, ServiceDraft& draft);
  RouteDraft read_route(const json5::Value& value, std::string_view service, std::size_t index);
  void read_action_of(const json5::Value& route, std::string_view service, RouteDraft& draft);
  Match read_match(const json5::Member& member, RouteDraft& draft);
  void read_set(const json5::Value& value, StringMap& set);

  void read_action(const json5::Value& value, Text name, bool is_inline);
  void read_proxy(const json5::Value& value, ActionDraft& draft);
  void read_static(const json5::Value& value, ActionDraft& draft);
  void read_headers(const json5::Value& value, ActionDraft& draft);
  bool check_header(const json5::Member& member, const ActionDraft& draft);
  void read_resource(const json5::Value& value, Text name, bool is_inline);
  void read_resource_file(const Text& file, Resource& resource);

  void read_process(const json5::Value& value);
  void read_logging(const json5::Value& value);

  const Context& context_;
  const Checker& checker_;
  Draft draft_;
};

// The member of an object that has the right form, or nothing.
std::optional<Text> text_at(const json5::Value& object, std::string_view key);
std::optional<std::int64_t> integer_at(const json5::Value& object, std::string_view key);
std::optional<bool> bool_at(const json5::Value& object, std::string_view key);
std::optional<Duration> duration_at(const json5::Value& object, std::string_view key);
const json5::Value* object_at(const json5::Value& object, std::string_view key);
const json5::Member* member_at(const json5::Value& object, std::string_view key);

}  // namespace prox::config
