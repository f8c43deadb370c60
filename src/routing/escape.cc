#include "routing/escape.h"

#include <cstddef>

#include "prox/base/json_line.h"

namespace prox::routing {

namespace {

std::string_view html_entity(char c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return {};
  }
}

void append_encoded(std::string& out, char c) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

void append_uri_without(std::string& out, std::string_view text, std::string_view more) {
  constexpr std::string_view kNoPlace = " \"<>\\^`{|}";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || kNoPlace.find(c) != kNoPlace.npos ||
        more.find(c) != more.npos) {
      append_encoded(out, c);
    } else {
      out += c;
    }
  }
}

}  // namespace

void append_raw(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t plain = text.find_first_of("\r\n");
    out += text.substr(0, plain);
    if (plain == text.npos) return;
    text.remove_prefix(plain + 1);
  }
}

void append_html(std::string& out, std::string_view text) {
  for (const char c : text) {
    const std::string_view entity = html_entity(c);
    if (entity.empty()) {
      out += c;
    } else {
      out += entity;
    }
  }
}

void append_json(std::string& out, std::string_view text) {
  const std::size_t at = out.size();
  out.resize(at + text.size() * base::kMostJsonBytes);
  const char* const end = base::write_json_text(text, out.data() + at);
  out.resize(static_cast<std::size_t>(end - out.data()));
}

void append_field(std::string& out, std::string_view text) {
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) >= 0x20 && c != '\x7f') || c == '\t') out += c;
  }
}

void append_uri(std::string& out, std::string_view text) { append_uri_without(out, text, {}); }

void append_uri_path(std::string& out, std::string_view text) {
  append_uri_without(out, text, "%?#");
}

}  // namespace prox::routing
