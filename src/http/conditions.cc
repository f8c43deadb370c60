#include "prox/http/conditions.h"

#include <optional>
#include <utility>

#include "http/chars.h"
#include "prox/http/date.h"

namespace prox::http {

namespace {

Slice opaque_part(Slice etag) { return etag.starts_with("W/") ? etag.substr(2) : etag; }

// Cuts one entity-tag off the front of a list; empty if there is none. A tag may hold commas, so the list cannot be split at them.
Slice pop_etag(Slice& list) {
  while (!list.empty() && (is_space(list.front()) || list.front() == ',')) list.remove_prefix(1);
  const std::size_t open = list.starts_with("W/") ? 2 : 0;
  if (list.size() <= open || list[open] != '"') return list = {};
  const std::size_t close = list.find('"', open + 1);
  if (close == Slice::npos) return list = {};
  const Slice etag = list.substr(0, close + 1);
  list.remove_prefix(close + 1);
  return etag;
}

// Weak comparison takes two tags for one if they differ in nothing but weakness (RFC 9110 §8.8.3.2).
bool matches(Slice list, Slice etag, bool weak) {
  if (list == "*") return true;
  for (Slice one = pop_etag(list); !one.empty(); one = pop_etag(list)) {
    if (weak ? opaque_part(one) == opaque_part(etag) : one == etag && !etag.starts_with("W/"))
      return true;
  }
  return false;
}

// A field that holds one date. Several lines are a list, to be ignored as a date that cannot be read is (RFC 9110 §13.1.3, §13.1.4).
class DateField {
 public:
  void read(Slice line, std::int64_t now) {
    date_ = std::exchange(seen_, true) ? std::nullopt : parse_date(line, now);
  }
  const std::optional<std::int64_t>& date() const { return date_; }

 private:
  bool seen_ = false;
  std::optional<std::int64_t> date_;
};

struct Conditions {
  bool has_match = false;
  bool has_none_match = false;
  bool is_matched = false;       // by any line of If-Match
  bool is_none_matched = false;  // the same for If-None-Match
  DateField unmodified_since;
  DateField modified_since;
};

Conditions read_conditions(const RequestHead& request, const Validators& current,
                           std::int64_t now) {
  Conditions found;
  for (const Field& field : request.fields) {
    // The shortest name of these has 8 characters, and no other field that clients send begins with "if-".
    if (field.id != FieldId::Other || field.name.size() < 8 || (field.name[0] | 0x20) != 'i')
      continue;
    if (equal_ignoring_case(field.name, "If-Match")) {
      found.has_match = true;
      found.is_matched = found.is_matched || matches(field.value, current.etag, false);
    } else if (equal_ignoring_case(field.name, "If-None-Match")) {
      found.has_none_match = true;
      found.is_none_matched = found.is_none_matched || matches(field.value, current.etag, true);
    } else if (equal_ignoring_case(field.name, "If-Unmodified-Since")) {
      found.unmodified_since.read(field.value, now);
    } else if (equal_ignoring_case(field.name, "If-Modified-Since")) {
      found.modified_since.read(field.value, now);
    }
  }
  return found;
}

// Whether an If-Range names just this representation.
bool names(Slice validator, const Validators& current, std::int64_t now) {
  if (validator.starts_with('"') || validator.starts_with("W/"))
    return matches(validator, current.etag, false);
  // A date is a strong validator only if the file cannot have changed twice in its second (§8.8.2.2).
  const std::optional<std::int64_t> date = parse_date(validator, now);
  return date && *date == current.last_modified && current.last_modified + 1 < now;
}

}  // namespace

Verdict evaluate(const RequestHead& request, const Validators& current, std::int64_t now) {
  const Conditions conditions = read_conditions(request, current, now);
  const auto& unmodified_since = conditions.unmodified_since.date();
  const auto& modified_since = conditions.modified_since.date();
  if (conditions.has_match) {
    if (!conditions.is_matched) return Verdict::Failed;
  } else if (unmodified_since && current.last_modified > *unmodified_since) {
    return Verdict::Failed;
  }
  if (conditions.has_none_match)
    return conditions.is_none_matched ? Verdict::NotModified : Verdict::Proceed;
  if (modified_since && current.last_modified <= *modified_since) return Verdict::NotModified;
  return Verdict::Proceed;
}

const Field* find_range(const RequestHead& request, const Validators& current, std::int64_t now) {
  if (request.method != Method::Get) return nullptr;
  const Field* range = nullptr;
  const Field* condition = nullptr;
  for (const Field& field : request.fields) {
    const bool may_be = field.name.size() == 5 || field.name.size() == 8;
    if (!may_be || field.id != FieldId::Other) continue;
    const bool is_range = equal_ignoring_case(field.name, "Range");
    if (!is_range && !equal_ignoring_case(field.name, "If-Range")) continue;
    // Each is one value; which of several would count, nobody says.
    if (std::exchange(is_range ? range : condition, &field) != nullptr) return nullptr;
  }
  return condition == nullptr || names(condition->value, current, now) ? range : nullptr;
}

}  // namespace prox::http
