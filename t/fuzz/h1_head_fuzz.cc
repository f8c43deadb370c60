// The first byte picks request or response and how the rest is cut into pieces; the rest is the message.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include "prox/base/assert.h"
#include "prox/http/framing.h"
#include "prox/http/h1_parser.h"
#include "request_rules.h"

namespace {

using namespace prox;
using http::Slice;

// Small, so that inputs of a fuzzer's size reach them.
constexpr http::HeadLimits kLimits{1024, 256, 16};

template <typename Head>
constexpr base::Side kSide =
    std::is_same_v<Head, http::RequestHead> ? base::Side::Downstream : base::Side::Upstream;

auto parse(http::H1Parser& parser, Slice bytes, http::RequestHead& head) {
  return parser.parse_request(bytes, head);
}
auto parse(http::H1Parser& parser, Slice bytes, http::ResponseHead& head) {
  return parser.parse_response(bytes, head);
}

// A copy without a byte to spare, so that the sanitizer sees each read beyond.
struct Place {
  explicit Place(Slice text) : size(text.size()), data(new char[text.size()]) {
    text.copy(data.get(), size);
  }
  Slice bytes() const { return Slice(data.get(), size); }

  std::size_t size;
  std::unique_ptr<char[]> data;
};

template <typename Head>
struct Parsed {
  std::optional<base::Errc> error;
  bool is_done = false;
  std::size_t head_bytes = 0;
  std::optional<Place> place;  // what the head points into
  Head head;
};

// Feeds growing prefixes, each in a new place; `seed` is how they grow, 0 for all at once.
template <typename Head>
Parsed<Head> feed(Slice input, std::uint32_t seed) {
  Parsed<Head> parsed;
  http::H1Parser parser(kSide<Head>, kLimits);
  std::size_t come = 0;
  do {
    seed = seed * 1664525 + 1013904223;
    come = seed == 1013904223 ? input.size() : std::min(input.size(), come + 1 + (seed >> 24) % 24);
    parsed.place.reset();
    parsed.place.emplace(input.substr(0, come));
    const auto progress = parse(parser, parsed.place->bytes(), parsed.head);
    if (!progress) {
      parsed.error = progress.error().code;
      return parsed;
    }
    parsed.is_done = *progress == http::H1Parser::Progress::Done;
    parsed.head_bytes = parsed.is_done ? parser.head_bytes() : 0;
  } while (!parsed.is_done && come < input.size());
  return parsed;
}

bool is_same(const http::Fields& a, const http::Fields& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const http::Field& x, const http::Field& y) {
                      return x.name == y.name && x.value == y.value && x.id == y.id;
                    });
}

bool is_same(const http::RequestHead& a, const http::RequestHead& b) {
  return a.method == b.method && a.version == b.version && a.form == b.form &&
         a.method_text == b.method_text && a.target == b.target && a.scheme == b.scheme &&
         a.authority == b.authority && a.path == b.path && a.query == b.query &&
         a.has_query == b.has_query && a.host == b.host && is_same(a.fields, b.fields);
}

bool is_same(const http::ResponseHead& a, const http::ResponseHead& b) {
  return a.status == b.status && a.version == b.version && a.reason == b.reason &&
         is_same(a.fields, b.fields);
}

void check_head(const http::RequestHead& head, Slice bytes) {
  fuzz::check_request(head, bytes, kLimits.max_fields);
}

void check_head(const http::ResponseHead& head, Slice bytes) {
  fuzz::check_inside(head.reason, bytes);
  PROX_ASSERT(head.status >= 100 && head.status <= 599);
  fuzz::check_fields(head.fields, bytes, kLimits.max_fields);
  const auto framing = http::response_framing(head, http::Method::Get);
  PROX_ASSERT(!framing || !head.is_interim() || !framing->has_body());
}

std::string version_word(http::Version version) {
  return version == http::Version::Http10 ? "HTTP/1.0" : "HTTP/1.1";
}

std::string start_line(const http::RequestHead& head) {
  return std::string(head.method_text) + " " + std::string(head.target) + " " +
         version_word(head.version);
}

std::string start_line(const http::ResponseHead& head) {
  return version_word(head.version) + " " + std::to_string(head.status) + " " +
         std::string(head.reason);
}

template <typename Head>
std::string write(const Head& head) {
  std::string text = start_line(head) + "\r\n";
  for (const http::Field& field : head.fields)
    text += std::string(field.name) + ":" + std::string(field.value) + "\r\n";
  return text + "\r\n";
}

template <typename Head>
void check(Slice input, std::uint32_t seed) {
  const Parsed<Head> whole = feed<Head>(input, 0);
  const Parsed<Head> pieces = feed<Head>(input, seed);
  PROX_ASSERT(whole.error == pieces.error);
  PROX_ASSERT(whole.is_done == pieces.is_done);
  PROX_ASSERT(whole.head_bytes == pieces.head_bytes);
  if (!whole.is_done) return;
  PROX_ASSERT(whole.head_bytes <= kLimits.max_head_bytes);
  PROX_ASSERT(is_same(whole.head, pieces.head));
  check_head(whole.head, whole.place->bytes());
  check_head(pieces.head, pieces.place->bytes());

  // Written anew it is the same, and no longer than it was but for the space behind a status.
  const std::string text = write(whole.head);
  PROX_ASSERT(text.size() <= whole.head_bytes + 1);
  if (text.size() > kLimits.max_head_bytes) return;
  const Parsed<Head> again = feed<Head>(text, 0);
  PROX_ASSERT(again.is_done && again.head_bytes == text.size());
  PROX_ASSERT(is_same(whole.head, again.head));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Slice input(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((data[0] & 1) == 0) {
    check<http::RequestHead>(input, data[0] + 1U);
  } else {
    check<http::ResponseHead>(input, data[0] + 1U);
  }
  return 0;
}
