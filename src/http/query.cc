#include "prox/http/query.h"

#include "http/chars.h"

namespace prox::http {

bool DecodedText::Iterator::is_triple() const {
  return *at_ == '%' && end_ - at_ >= 3 && hex_value(at_[1]) >= 0 && hex_value(at_[2]) >= 0;
}

char DecodedText::Iterator::operator*() const {
  if (*at_ == '+') return ' ';
  return is_triple() ? static_cast<char>(hex_value(at_[1]) * 16 + hex_value(at_[2])) : *at_;
}

DecodedText::Iterator& DecodedText::Iterator::operator++() {
  at_ += is_triple() ? 3 : 1;
  return *this;
}

}  // namespace prox::http
