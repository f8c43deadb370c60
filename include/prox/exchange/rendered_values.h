#pragma once

#include <string>

#include "prox/exchange/variables.h"

namespace prox::exchange {

// Field values made from templates, of one exchange: all are rendered into one string first, one behind the other, and then taken in the
// same order, since a slice into a string does not outlive its growing. The string is a scratch of the exchange and outlives the slices.
class RenderedValues {
 public:
  RenderedValues(const Exchange& x, std::string& scratch) : variables_(x), scratch_(scratch) {
    scratch_.clear();
  }

  void add(const routing::Template& text) {
    text.render(variables_, routing::Escape::Field, scratch_);
    scratch_.push_back('\0');  // no value has one in it
  }
  // The next one, after all were added. May be empty. Without white space around it, which is no part of a value (RFC 9110 §5.5), and
  // for which peers refuse the whole message in HTTP/2 (RFC 9113 §8.2.1).
  Slice take() {
    const std::size_t end = scratch_.find('\0', taken_);
    const Slice value = Slice(scratch_).substr(taken_, end - taken_);
    taken_ = end + 1;
    const std::size_t first = value.find_first_not_of(kSpaces);
    if (first == Slice::npos) return {};
    return value.substr(first, value.find_last_not_of(kSpaces) + 1 - first);
  }

 private:
  static constexpr Slice kSpaces = " \t";

  Variables variables_;
  std::string& scratch_;
  std::size_t taken_ = 0;
};

}  // namespace prox::exchange
