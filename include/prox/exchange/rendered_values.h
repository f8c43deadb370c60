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
  // The next one, after all were added. May be empty.
  Slice take() {
    const std::size_t begin = taken_;
    const std::size_t end = scratch_.find('\0', begin);
    taken_ = end + 1;
    return Slice(scratch_).substr(begin, end - begin);
  }

 private:
  Variables variables_;
  std::string& scratch_;
  std::size_t taken_ = 0;
};

}  // namespace prox::exchange
