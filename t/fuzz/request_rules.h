#pragma once

#include <string>

#include "prox/base/assert.h"
#include "prox/http/framing.h"
#include "prox/http/host.h"
#include "prox/http/path.h"
#include "prox/http/request.h"

// What holds of every head that a codec hands on, whichever version of HTTP it came by.
namespace prox::fuzz {

using base::Slice;

// `bytes` is what the head points into.
inline void check_inside(Slice part, Slice bytes) {
  if (part.empty()) return;
  PROX_ASSERT(part.data() >= bytes.data() &&
              part.data() + part.size() <= bytes.data() + bytes.size());
}

inline void check_fields(const http::Fields& fields, Slice bytes, std::size_t max_fields) {
  PROX_ASSERT(fields.size() <= max_fields);
  for (const http::Field& field : fields) {
    check_inside(field.name, bytes);
    check_inside(field.value, bytes);
    PROX_ASSERT(http::is_token(field.name));
    PROX_ASSERT(field.id == http::recognise(field.name));
    for (const char c : field.value)
      PROX_ASSERT(c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
  }
}

inline void check_clean(Slice raw_path) {
  std::string scratch;
  const auto path = http::clean_path(raw_path, scratch);
  if (!path || !path->starts_with('/')) return;
  const std::string closed = std::string(*path) + "/";
  PROX_ASSERT(closed.find("/./") == std::string::npos && closed.find("/../") == std::string::npos);
  PROX_ASSERT(path->find('\0') == Slice::npos);
}

inline void check_request(const http::RequestHead& head, Slice bytes, std::size_t max_fields) {
  for (const Slice part : {head.target, head.scheme, head.authority, head.query, head.host})
    check_inside(part, bytes);
  // These two are ours at times: of a target without a path, and of an extended CONNECT.
  if (head.path != "/") check_inside(head.path, bytes);
  const bool is_extended = head.version == http::Version::Http2 && !head.upgrade.empty();
  if (!is_extended) check_inside(head.method_text, bytes);
  PROX_ASSERT(http::is_token(head.method_text));
  PROX_ASSERT(http::is_valid_host(head.host));
  PROX_ASSERT(head.target.find_first_of(Slice("\0 \r\n\t#\x7f", 7)) == Slice::npos);
  PROX_ASSERT(head.fields.count(http::FieldId::Host) <= 1);
  check_fields(head.fields, bytes, max_fields);
  check_clean(head.path);
  const auto framing = http::request_framing(head);
  PROX_ASSERT(!framing || framing->kind != http::BodyFraming::Kind::UntilClose);
}

}  // namespace prox::fuzz
