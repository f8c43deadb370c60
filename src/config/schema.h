#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

// Every key that a config may hold, as tables: the checker (check.h) reads them, and so does whatever describes them to people
// and tools. A new key is a new row. Plain constants: nothing here knows how a value is read or used.
namespace prox::config::schema {

// Whether prox does something with a key, or only knows it so far.
enum class State : std::uint8_t {
  Built,
  Later,
  Reserved,  // for a version to come; a rule of its own refuses it
};

// The forms that a value may have; several are joined with `|`.
enum Form : std::uint16_t {
  kBool = 1 << 0,
  kInteger = 1 << 1,
  kNumber = 1 << 2,
  kString = 1 << 3,
  kDuration = 1 << 4,  // a string with units, or a number of seconds
  kObject = 1 << 5,    // with the keys of Type::object
  kMap = 1 << 6,       // with keys of the user's choice; values are Type::items
  kArray = 1 << 7,     // of Type::items
  kNull = 1 << 8,
  kAnything = 1 << 9,
};

struct Word {
  std::string_view text;
  State state = State::Built;
  bool listed = true;  // among the known ones of a message; another spelling of one is not
};

// The only strings allowed for a value.
struct Words {
  std::string_view id;    // of the diagnostic about another one
  std::string_view noun;  // `unknown <noun> "x"`; empty: `must be <Type::text>`
  std::span<const Word> list;
  bool any_case = false;
  bool named_in_message = true;  // `; known: a, b, c`
};

struct Object;
extern const Object kSecret;

struct Type {
  std::uint16_t forms = 0;
  std::string_view text;  // behind "must be": "a duration", "true or false"
  const Object* object = nullptr;
  const Type* items = nullptr;
  const Words* words = nullptr;                                   // for kString
  std::int64_t least = std::numeric_limits<std::int64_t>::min();  // for kInteger
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
  std::string_view range_id =
      {};  // of the diagnostic about a number out of range that names it; empty: the general one
  bool negative = false;  // for kDuration: whether less than 0 has a meaning
  bool named = false;     // for kMap: its keys are names that prox shows in route ids and logs
  std::string_view mismatch_id = "bad-type";
  std::string_view mismatch = {};  // the whole message about a wrong form; empty: made from `text`
};

inline constexpr std::string_view kRequired = "required";

// The default of a key, as it would be written; kRequired; or what it is, in words; empty: none.
struct Preset {
  std::string_view text;
  bool in_words = false;

  constexpr Preset(const char* as_written) : text(as_written) {}
  constexpr Preset(std::string_view as_written, bool words = false)
      : text(as_written), in_words(words) {}
  constexpr bool empty() const { return text.empty(); }
  constexpr bool operator==(std::string_view other) const { return text == other; }
};
constexpr Preset in_words(std::string_view text) { return {text, true}; }

struct Key {
  std::string_view name;
  Type type;
  Preset preset;
  std::string_view unit;     // empty if the type tells it
  std::string_view meaning;  // one line
  State state = State::Built;
  std::uint32_t variants =
      ~0U;  // the kinds of object that have it: bit i for the i-th word of the selector
};

// A key that belongs elsewhere: `"<name>" <message>`.
struct Foreign {
  std::string_view name;
  std::string_view id;  // of the diagnostic
  std::string_view message;
  std::string_view help;  // empty: none
  // The key of this object that should have held it; empty: none. That nothing else is there follows from this mistake.
  std::string_view holder = {};
};

// An object with known keys. If `selector` is set, the words of that key tell which of the other keys belong.
struct Object {
  std::string_view title;  // "service": the heading for its keys, and before a name in messages
  std::string_view thing;  // "this service": one without a name in messages
  std::span<const Key> keys;
  std::string_view selector;
  std::span<const Foreign> foreign = {};

  // A key that several variants have in different forms has a row for each; `variants` tells which row is meant.
  const Key* find(std::string_view name, std::uint32_t variants = ~0U) const;
};

constexpr Type boolean() { return {.forms = kBool, .text = "true or false"}; }
constexpr Type string() { return {.forms = kString, .text = "a string"}; }
constexpr Type number() { return {.forms = kNumber, .text = "a number"}; }
constexpr Type duration() { return {.forms = kDuration, .text = "a duration"}; }
constexpr Type signed_duration() {
  return {.forms = kDuration, .text = "a duration", .negative = true};
}
constexpr Type anything() { return {.forms = kAnything, .text = "a value"}; }
constexpr Type integer(std::int64_t least, std::int64_t most) {
  return {.forms = kInteger, .text = "a whole number", .least = least, .most = most};
}
constexpr Type one_of(const Words& words) {
  return {.forms = kString, .text = "a string", .words = &words};
}
constexpr Type object(const Object& keys) {
  return {.forms = kObject, .text = "an object", .object = &keys};
}
constexpr Type map_of(const Type& items) {
  return {.forms = kMap, .text = "an object", .items = &items};
}
constexpr Type array_of(const Type& items, std::string_view text) {
  return {.forms = kArray, .text = text, .items = &items};
}
// A string, or the place to read it from.
constexpr Type secret() {
  return {.forms = kString | kObject, .text = "a string or an object", .object = &kSecret};
}
constexpr Type either(Type type, std::uint16_t more, std::string_view text) {
  type.forms |= more;
  type.text = text;
  return type;
}

inline constexpr std::int64_t kMostCount = 1'000'000;
inline constexpr std::int64_t kMostBytes = 1LL << 40;

// Types that keys of several objects share.
extern const Type kStringType;
extern const Type kStringOrNullType;
extern const Type kCodingType;

extern const Object kRoot;
extern const Object kService;
extern const Object kServiceConfig;
extern const Object kRoute;
extern const Object kMatch;
extern const Object kAction;
extern const Object kResource;
extern const Object kPlugin;
extern const Object kProcess;
extern const Object kLogging;
extern const Object kAdmin;
extern const Object kAcme;
extern const Object kAcmeDns;
extern const Object kAcmeS3;
extern const Object kBalancer;
extern const Object kTarget;
extern const Object kSticky;
extern const Object kHealthCheck;
extern const Object kQueue;
extern const Object kSpeed;
extern const Object kLimit;
extern const Object kBasicAuth;
extern const Object kUpstreamTls;
extern const Object kUpstreamLimits;

// The files beside the root file: a service, whose `plugins` is an array if `has_plugin_list`; _global.json5; and a list of
// routes, bare or in an object.
const Object& fragment(bool has_plugin_list);
const Object& global_file();
extern const Type kRouteFile;
extern const Object kRouteFileObject;

}  // namespace prox::config::schema
