#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "prox/http/h1_parser.h"

namespace prox::http::test {

// All that a head says, as text to compare: what two ways of feeding it must agree on.
inline std::string describe(const Fields& fields) {
  std::string text;
  for (const Field& field : fields) {
    text += "[" + std::string(field.name) + "]=[" + std::string(field.value) + "]" +
            std::to_string(static_cast<int>(field.id));
  }
  return text;
}

inline std::string describe(const RequestHead& head) {
  std::string text = std::to_string(static_cast<int>(head.method)) + " " +
                     std::to_string(static_cast<int>(head.version)) + " " +
                     std::to_string(static_cast<int>(head.form)) + (head.has_query ? " ?" : " ");
  for (const Slice part : {head.method_text, head.target, head.scheme, head.authority, head.path,
                           head.query, head.host}) {
    text += "<" + std::string(part) + ">";
  }
  return text + describe(head.fields);
}

inline std::string describe(const ResponseHead& head) {
  return std::to_string(head.status) + " " + std::to_string(static_cast<int>(head.version)) + "<" +
         std::string(head.reason) + ">" + describe(head.fields);
}

// What came of some bytes: an error, a whole head with its size, or the need for more.
struct Outcome {
  std::optional<base::Errc> error;
  std::optional<base::Side> at_fault;
  bool is_done = false;
  std::size_t head_bytes = 0;
  std::string head;

  bool operator==(const Outcome&) const = default;
};

inline auto parse(H1Parser& parser, Slice bytes, RequestHead& head) {
  return parser.parse_request(bytes, head);
}
inline auto parse(H1Parser& parser, Slice bytes, ResponseHead& head) {
  return parser.parse_response(bytes, head);
}

// Feeds `step` bytes more with each call, every time in a new place that has no byte to spare behind it. The old place is gone
// by then, so that a slice into it does not go unnoticed.
template <typename Head>
Outcome feed(Slice bytes, std::size_t step, HeadLimits limits = {}) {
  H1Parser parser(std::is_same_v<Head, RequestHead> ? base::Side::Downstream : base::Side::Upstream,
                  limits);
  Head head;
  Outcome outcome;
  std::unique_ptr<char[]> place;
  for (std::size_t come = std::min(step, bytes.size());;
       come = std::min(come + step, bytes.size())) {
    place = nullptr;
    place = std::make_unique<char[]>(come);
    std::copy_n(bytes.data(), come, place.get());
    const auto progress = parse(parser, Slice(place.get(), come), head);
    if (!progress) {
      outcome.error = progress.error().code;
      outcome.at_fault = progress.error().side;
      return outcome;
    }
    if (*progress == H1Parser::Progress::Done) {
      outcome.is_done = true;
      outcome.head_bytes = parser.head_bytes();
      outcome.head = describe(head);
      return outcome;
    }
    if (come == bytes.size()) return outcome;
  }
}

}  // namespace prox::http::test
