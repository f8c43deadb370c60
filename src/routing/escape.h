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

}  // namespace prox::routing
