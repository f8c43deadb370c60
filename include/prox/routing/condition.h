#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "prox/config/network.h"
#include "prox/config/route.h"
#include "prox/http/request.h"

namespace prox::routing {

// What a route asks of one header field or one query parameter: that it is there, that it is not, or that its value fits a pattern. Of
// several with one name, any may fit. A pattern with "!" in front holds when none fits: also when there is none at all.
class FieldPattern {
 public:
  explicit FieldPattern(const config::FieldCondition& condition);

  const std::string& name() const { return name_; }
  const std::string& text() const {
    return text_;
  }  // as written, "!" included; empty unless a pattern
  bool wants_presence() const { return kind_ == Kind::Present; }
  bool wants_absence() const { return kind_ == Kind::Absent; }
  bool is_negated() const { return negated_; }

  // Field names are compared in any case; a "Host" is what the request's host is, whatever carried it.
  bool holds_for_headers(const http::RequestHead& request) const;
  // Names and values are compared decoded.
  bool holds_for_query(std::string_view query) const;
  // Whether one value fits, negation aside.
  template <typename Text>
  bool fits(const Text& value) const;

 private:
  enum class Kind : std::uint8_t { Present, Absent, Value };

  // From whether a field of that name is there, and whether the value of one fits.
  bool holds(bool is_there, bool one_fits) const;

  std::string name_;
  std::string text_;
  std::string literal_;  // the pattern without "!" and stars
  Kind kind_ = Kind::Value;
  bool negated_ = false;
  bool star_before_ = false;
  bool star_behind_ = false;
};

// Whether a client's address, as text, is in one of the networks. One that is no IP address (of a Unix socket) is in none.
bool is_in(const config::Networks& networks, std::string_view client);

template <typename Text>
bool FieldPattern::fits(const Text& value) const {
  if (kind_ != Kind::Value) return true;
  if (star_before_ && star_behind_) {
    return literal_.empty() ||
           std::search(value.begin(), value.end(), literal_.begin(), literal_.end()) != value.end();
  }
  const auto size = std::distance(value.begin(), value.end());
  const auto wanted = std::ssize(literal_);
  if (star_before_ || star_behind_ ? size < wanted : size != wanted) return false;
  const auto from = star_before_ ? std::next(value.begin(), size - wanted) : value.begin();
  return std::equal(literal_.begin(), literal_.end(), from);
}

}  // namespace prox::routing
