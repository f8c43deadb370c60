#pragma once

#include "http/chars.h"
#include "prox/http/fields.h"

namespace prox::http {

// Reads the field line (RFC 9112 §5) at `p` and returns what follows its CRLF. nullptr if it is malformed: no colon, an empty
// name or one that is no token (so white space before the name or the colon, and obs-fold), a control character in the value,
// a line that ends otherwise; or if it is not all there. Which of these, the caller knows by a look for its LF.
[[gnu::always_inline]] inline const char* parse_field_line(const char* p, const char* end,
                                                           Field& field) {
  const char* const name_end = skip<kTokenChar>(p, end);
  if (name_end == p || name_end == end || *name_end != ':') return nullptr;
  const char* value = name_end + 1;
  const char* const line_end = skip<kTextChar>(value, end);
  if (end - line_end < 2 || line_end[0] != '\r' || line_end[1] != '\n') return nullptr;

  const char* value_end = line_end;
  while (is_space(value_end[-1])) --value_end;  // stops at the colon
  while (value < value_end && is_space(*value)) ++value;
  field.name = slice_between(p, name_end);
  field.value = slice_between(value, value_end);
  field.id = recognise(field.name);
  return line_end + 2;
}

}  // namespace prox::http
