#include "config/utf8.h"

#include <tao/pegtl.hpp>

namespace prox::config {

namespace peg = tao::pegtl;

CodePoint first_code_point(std::string_view text) {
  peg::memory_input<peg::tracking_mode::lazy> in(text.data(), text.data() + text.size(), "");
  const auto found = peg::internal::peek_utf8::peek(in);
  return {found.data, found.size};
}

std::size_t bytes_of(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (is_continuation(text[at])) continue;
    if (count == 0) break;
    --count;
  }
  return at;
}

}  // namespace prox::config
