#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "prox/base/slice.h"

namespace prox::http {

using base::Slice;

// The field names that prox itself acts on (RFC 9110, RFC 9112); everything else is Other and only relayed.
enum class FieldId : std::uint8_t {
  Other,
  Connection,
  ContentLength,
  ContentType,
  Date,
  Expect,
  Forwarded,
  Host,
  Http2Settings,
  KeepAlive,
  ProxyAuthenticate,
  ProxyAuthorization,
  ProxyConnection,
  SecWebSocketAccept,
  SecWebSocketKey,
  Te,
  Trailer,
  TransferEncoding,
  Upgrade,
  XForwardedFor,
  XForwardedHost,
  XForwardedProto,
};

// The id of a field name, in any case.
FieldId recognise(Slice name);

// One field line: name as received, value without the white space around it.
struct Field {
  Slice name;
  Slice value;
  FieldId id = FieldId::Other;
};

// The fields of one message in the order received. Keeps its capacity over clear(), so that a recycled one allocates nothing.
class Fields {
 public:
  void add(Slice name, Slice value, FieldId id) { lines_.push_back({name, value, id}); }
  void clear() { lines_.clear(); }
  template <typename Predicate>
  void remove_if(Predicate predicate) {
    std::erase_if(lines_, predicate);
  }
  std::size_t size() const { return lines_.size(); }
  bool empty() const { return lines_.empty(); }
  auto begin() const { return lines_.begin(); }
  auto end() const { return lines_.end(); }
  auto begin() { return lines_.begin(); }
  auto end() { return lines_.end(); }

  // The first field with that id, or nullptr. Not for Other.
  const Field* find(FieldId id) const;
  std::size_t count(FieldId id) const;

 private:
  std::vector<Field> lines_;
};

// Comparison of ASCII text without regard to case, as field names, schemes and most tokens want it (RFC 9110 §5.1).
bool equal_ignoring_case(Slice a, Slice b);

// Whether `text` is one token (RFC 9110 §5.6.2).
bool is_token(Slice text);

// Calls `visit(Slice member)` for each non-empty member of a comma-separated list value (RFC 9110 §5.6.1), trimmed.
// Stops when visit returns false.
template <typename Visit>
void for_each_member(Slice list, Visit visit) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    Slice member = list.substr(0, comma);
    list = comma == Slice::npos ? Slice{} : list.substr(comma + 1);
    while (!member.empty() && (member.front() == ' ' || member.front() == '\t'))
      member.remove_prefix(1);
    while (!member.empty() && (member.back() == ' ' || member.back() == '\t'))
      member.remove_suffix(1);
    if (!member.empty() && !visit(member)) return;
  }
}

// Whether any member of the list that all lines with that id make up together satisfies `predicate(Slice)`.
template <typename Predicate>
bool any_member(const Fields& fields, FieldId id, Predicate predicate) {
  bool found = false;
  for (const Field& field : fields) {
    if (field.id != id) continue;
    for_each_member(field.value, [&](Slice member) {
      found = predicate(member);
      return !found;
    });
    if (found) return true;
  }
  return false;
}

}  // namespace prox::http
