#include "prox/http/fields.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "http/chars.h"

namespace prox::http {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

template <typename Word>
Word load(const char* p) {
  Word word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

// Compares one word. Letters are the characters of `wanted` with bit 0x40; only there is case folded, so that no control
// character can pass for "-" or a digit.
template <typename Word>
bool matches_word(const char* name, const char* wanted) {
  const auto want = load<Word>(wanted);
  const auto fold = static_cast<Word>((want & static_cast<Word>(0x4040404040404040)) >> 1);
  return static_cast<Word>(load<Word>(name) | fold) == want;
}

template <typename Word, std::size_t kBytes>
bool matches_words(const char* name, const char* wanted) {
  static_assert(kBytes >= sizeof(Word) && kBytes <= 3 * sizeof(Word));
  if constexpr (kBytes > 2 * sizeof(Word)) {
    if (!matches_word<Word>(name + sizeof(Word), wanted + sizeof(Word))) return false;
  }
  constexpr std::size_t kLast = kBytes - sizeof(Word);
  return matches_word<Word>(name, wanted) && matches_word<Word>(name + kLast, wanted + kLast);
}

// Whether a name, known to be as long as `wanted`, is that lower-case name in any case. All names that prox acts on pass
// here for each field of each message; word by word that is a handful of instructions.
template <std::size_t kSize>
bool matches(Slice name, const char (&wanted)[kSize]) {
  constexpr std::size_t kBytes = kSize - 1;
  if constexpr (kBytes >= 8) {
    return matches_words<std::uint64_t, kBytes>(name.data(), wanted);
  } else if constexpr (kBytes >= 4) {
    return matches_words<std::uint32_t, kBytes>(name.data(), wanted);
  } else {
    return matches_words<std::uint16_t, kBytes>(name.data(), wanted);
  }
}

}  // namespace

FieldId recognise(Slice name) {
  switch (name.size()) {
    case 2:
      if (matches(name, "te")) return FieldId::Te;
      break;
    case 4:
      if (matches(name, "host")) return FieldId::Host;
      if (matches(name, "date")) return FieldId::Date;
      break;
    case 6:
      if (matches(name, "expect")) return FieldId::Expect;
      break;
    case 7:
      if (matches(name, "upgrade")) return FieldId::Upgrade;
      if (matches(name, "trailer")) return FieldId::Trailer;
      break;
    case 9:
      if (matches(name, "forwarded")) return FieldId::Forwarded;
      break;
    case 10:
      if (matches(name, "connection")) return FieldId::Connection;
      if (matches(name, "keep-alive")) return FieldId::KeepAlive;
      break;
    case 12:
      if (matches(name, "content-type")) return FieldId::ContentType;
      break;
    case 14:
      if (matches(name, "content-length")) return FieldId::ContentLength;
      if (matches(name, "http2-settings")) return FieldId::Http2Settings;
      break;
    case 15:
      if (matches(name, "x-forwarded-for")) return FieldId::XForwardedFor;
      break;
    case 16:
      if (matches(name, "x-forwarded-host")) return FieldId::XForwardedHost;
      if (matches(name, "proxy-connection")) return FieldId::ProxyConnection;
      break;
    case 17:
      if (matches(name, "transfer-encoding")) return FieldId::TransferEncoding;
      if (matches(name, "x-forwarded-proto")) return FieldId::XForwardedProto;
      if (matches(name, "sec-websocket-key")) return FieldId::SecWebSocketKey;
      break;
    case 18:
      if (matches(name, "proxy-authenticate")) return FieldId::ProxyAuthenticate;
      break;
    case 19:
      if (matches(name, "proxy-authorization")) return FieldId::ProxyAuthorization;
      break;
    case 20:
      if (matches(name, "sec-websocket-accept")) return FieldId::SecWebSocketAccept;
      break;
    default: break;
  }
  return FieldId::Other;
}

const Field* Fields::find(FieldId id) const {
  for (const Field& field : lines_) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

std::size_t Fields::count(FieldId id) const {
  std::size_t found = 0;
  for (const Field& field : lines_) found += field.id == id ? 1 : 0;
  return found;
}

bool equal_ignoring_case(Slice a, Slice b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

bool is_token(Slice text) {
  const char* const end = text.data() + text.size();
  return !text.empty() && skip<kTokenChar>(text.data(), end) == end;
}

}  // namespace prox::http
