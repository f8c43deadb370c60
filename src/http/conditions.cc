#include "prox/http/conditions.h"

#include <optional>

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

struct Conditions {
  bool has_match = false;
  bool has_none_match = false;
  bool is_matched = false;       // by any line of If-Match
  bool is_none_matched = false;  // the same for If-None-Match
  std::optional<std::int64_t> unmodified_since;
  std::optional<std::int64_t> modified_since;
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
      found.unmodified_since = parse_date(field.value, now);
    } else if (equal_ignoring_case(field.name, "If-Modified-Since")) {
      found.modified_since = parse_date(field.value, now);
    }
  }
  return found;
}

}  // namespace

Verdict evaluate(const RequestHead& request, const Validators& current, std::int64_t now) {
  const Conditions conditions = read_conditions(request, current, now);
  if (conditions.has_match) {
    if (!conditions.is_matched) return Verdict::Failed;
  } else if (conditions.unmodified_since && current.last_modified > *conditions.unmodified_since) {
    return Verdict::Failed;
  }
  if (conditions.has_none_match)
    return conditions.is_none_matched ? Verdict::NotModified : Verdict::Proceed;
  if (conditions.modified_since && current.last_modified <= *conditions.modified_since)
    return Verdict::NotModified;
  return Verdict::Proceed;
}

bool range_applies(const RequestHead& request, const Validators& current, std::int64_t now) {
  for (const Field& field : request.fields) {
    if (field.id != FieldId::Other || !equal_ignoring_case(field.name, "If-Range")) continue;
    if (field.value.starts_with('"') || field.value.starts_with("W/"))
      return matches(field.value, current.etag, false);
    // A date is a strong validator only if the file cannot have changed twice in its second (§8.8.2.2).
    const std::optional<std::int64_t> date = parse_date(field.value, now);
    return date && *date == current.last_modified && current.last_modified + 1 < now;
  }
  return true;
}

}  // namespace prox::http
