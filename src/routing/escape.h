#pragma once

#include <string>
#include <string_view>

namespace prox::routing {

// Append `text` to `out`, made safe for the place it goes to.

// Without CR and LF, so that no line of a header or log can be forged.
void append_raw(std::string& out, std::string_view text);
// & < > " ' as entities.
void append_html(std::string& out, std::string_view text);
// As inside a JSON string (RFC 8259 §7). Bytes that are not UTF-8 become U+FFFD: they come from percent triples, and would make the
// whole document invalid (§8.1).
void append_json(std::string& out, std::string_view text);
// Without control characters.
void append_field(std::string& out, std::string_view text);
// Part of a URI reference: what RFC 3986 §2 has no place for is percent-encoded, and so is the backslash, which browsers take for a slash.
void append_uri(std::string& out, std::string_view text);
// The same for a decoded path: "%", "?" and "#" are encoded, too.
void append_uri_path(std::string& out, std::string_view text);

}  // namespace prox::routing
