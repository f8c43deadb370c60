#include "routing/escape.h"

#include <cstddef>
#include <cstdint>

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

// For one ASCII character that may not stand in a JSON string; empty if it may.
std::string_view json_escape(char c, char (&buffer)[6]) {
  switch (c) {
    case '"': return "\\\"";
    case '\\': return "\\\\";
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    default: break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20) return {};
  constexpr char kDigits[] = "0123456789abcdef";
  const char text[6] = {'\\', 'u', '0', '0', kDigits[byte >> 4], kDigits[byte & 15]};
  for (std::size_t i = 0; i < sizeof text; ++i) buffer[i] = text[i];
  return {buffer, sizeof buffer};
}

// The size of the well-formed UTF-8 sequence of two or more bytes (RFC 3629 §4) that `text` starts with, or 0.
std::size_t multibyte_size(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
  std::uint32_t point = lead & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    point = point << 6 | (byte(i) & 0x3fU);
  }
  const bool overlong = (size == 3 && point < 0x800) || (size == 4 && point < 0x10000);
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  return overlong || surrogate || point > 0x10ffff ? 0 : size;
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
  while (!text.empty()) {
    std::size_t size = 1;
    char buffer[6];
    std::string_view replacement;
    if (static_cast<unsigned char>(text.front()) < 0x80) {
      replacement = json_escape(text.front(), buffer);
    } else {
      size = multibyte_size(text);
      if (size == 0) replacement = "\\ufffd";
    }
    out += replacement.empty() ? text.substr(0, size) : replacement;
    text.remove_prefix(size == 0 ? 1 : size);
  }
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
