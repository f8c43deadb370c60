#include "config/reader.h"

#include <algorithm>
#include <utility>

#include "config/duration.h"

namespace prox::config {
namespace {

using json5::Value;

// Whether the block is there, but in no form that could be read; or not there and something else may be a misspelling of it.
bool is_unreadable(const Checker& checker, const Value& root, std::string_view key) {
  return root.find(key) == nullptr ? !checker.lacks(root, key) : object_at(root, key) == nullptr;
}

}  // namespace

Draft Reader::read(const Value& root) {
  draft_.root = opening(root);
  draft_.actions_incomplete = is_unreadable(checker_, root, "actions");
  draft_.resources_incomplete = is_unreadable(checker_, root, "resources");
  if (const Value* resources = object_at(root, "resources")) {
    for (const json5::Member& member : *resources->as_object()) {
      read_resource(member.value, {member.key, member.key_place}, false);
    }
  }
  if (const Value* actions = object_at(root, "actions")) {
    for (const json5::Member& member : *actions->as_object()) {
      read_action(member.value, {member.key, member.key_place}, false);
    }
  }
  read_services(root);
  if (const Value* process = object_at(root, "process")) read_process(*process);
  if (const Value* logging = object_at(root, "logging")) read_logging(*logging);
  draft_.index_names();
  return std::move(draft_);
}

void Reader::read_services(const Value& root) {
  const Value* services = object_at(root, "services");
  draft_.uses_incomplete = is_unreadable(checker_, root, "services");
  if (services == nullptr ? !draft_.uses_incomplete : services->as_object()->empty()) {
    context_.diagnostics.error("no-services", draft_.root, "no services: at least one is needed");
  }
  if (services == nullptr) return;
  for (const json5::Member& member : *services->as_object()) read_service(member);
}

void Reader::read_process(const Value& value) {
  Process& process = draft_.process;
  process.workers = integer_at(value, "workers");
  process.user = text_at(value, "user");
  process.group = text_at(value, "group");
  process.shutdown_timeout =
      duration_at(value, "shutdown_timeout").value_or(process.shutdown_timeout);
  process.drain_timeout = duration_at(value, "drain_timeout").value_or(process.drain_timeout);
  process.rlimit_nofile = integer_at(value, "rlimit_nofile");
  process.pid_file = text_at(value, "pid_file");
  if (process.pid_file && process.pid_file->value.empty()) {
    context_.diagnostics.error("pid-file", process.pid_file->place,
                               "pid_file is empty; leave the key out for its default");
    process.pid_file.reset();
  } else if (process.pid_file) {
    process.pid_file->value = context_.resolve(process.pid_file->value);
  }
}

void Reader::read_logging(const Value& value) {
  const std::optional<Text> level = text_at(value, "level");
  if (!level) return;
  draft_.logging.level = level->value;
  std::string& lower = *draft_.logging.level;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (lower == "warning") lower = "warn";
}

const json5::Member* member_at(const Value& object, std::string_view key) {
  const json5::Members& members = *object.as_object();
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const json5::Member& member) { return member.key == key; });
  return found == members.end() ? nullptr : &*found;
}

std::optional<Text> text_at(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  const std::string* text = value == nullptr ? nullptr : value->as_string();
  if (text == nullptr) return std::nullopt;
  return Text{*text, value->place};
}

std::optional<std::int64_t> integer_at(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  const json5::Number* number = value == nullptr ? nullptr : value->as_number();
  return number == nullptr ? std::nullopt : number->integer;
}

std::optional<bool> bool_at(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  const bool* flag = value == nullptr ? nullptr : value->as_bool();
  return flag == nullptr ? std::nullopt : std::optional<bool>(*flag);
}

std::optional<Duration> duration_at(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  if (value == nullptr) return std::nullopt;
  if (const std::string* text = value->as_string()) return parse_duration(*text);
  const json5::Number* number = value->as_number();
  return number == nullptr ? std::nullopt : seconds_to_duration(number->value);
}

const Value* object_at(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  return value == nullptr || value->as_object() == nullptr ? nullptr : value;
}

}  // namespace prox::config
