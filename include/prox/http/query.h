#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "prox/base/slice.h"

namespace prox::http {

using base::Slice;

// A part of a query as browsers write forms (WHATWG URL, application/x-www-form-urlencoded), read one decoded byte at a time: "+" is a
// space, a triple its byte, and a "%" that begins no triple is itself. Copies nothing.
class DecodedText {
 public:
  class Iterator {
   public:
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::forward_iterator_tag;
    using pointer = const char*;
    using reference = char;

    Iterator() = default;
    Iterator(const char* at, const char* end) : at_(at), end_(end) {}
    char operator*() const;
    Iterator& operator++();
    Iterator operator++(int) {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    bool is_triple() const;
    const char* at_ = nullptr;
    const char* end_ = nullptr;
  };

  explicit DecodedText(Slice raw) : raw_(raw) {}
  Iterator begin() const { return {raw_.data(), raw_.data() + raw_.size()}; }
  Iterator end() const { return {raw_.data() + raw_.size(), raw_.data() + raw_.size()}; }
  bool operator==(Slice text) const { return std::equal(begin(), end(), text.begin(), text.end()); }

 private:
  Slice raw_;
};

// Calls `visit(DecodedText name, DecodedText value)` for each parameter of a query, in order, until it returns false. One without "="
// has an empty value; nothing between two "&" is no parameter.
template <typename Visit>
void for_each_parameter(Slice query, Visit visit) {
  while (!query.empty()) {
    const std::size_t size = std::min(query.find('&'), query.size());
    const Slice parameter = query.substr(0, size);
    query.remove_prefix(std::min(size + 1, query.size()));
    if (parameter.empty()) continue;
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    const Slice value = parameter.substr(std::min(equals + 1, parameter.size()));
    if (!visit(DecodedText(parameter.substr(0, equals)), DecodedText(value))) return;
  }
}

}  // namespace prox::http
