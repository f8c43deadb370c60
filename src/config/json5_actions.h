#pragma once

#include <string>
#include <string_view>
#include <tao/pegtl/contrib/unescape.hpp>

#include "config/json5_builder.h"
#include "config/json5_grammar.h"

// What the grammar's rules do with what they matched: they call the Builder.
namespace prox::config::json5::grammar {

template <typename Rule>
struct action : peg::nothing<Rule> {};

template <typename Input>
std::string_view matched(const Input& in) {
  return {in.begin(), in.size()};
}

inline char32_t from_hex(std::string_view digits) {
  return peg::unescape::unhex_string<char32_t>(digits.data(), digits.data() + digits.size());
}

struct append_matched {
  template <typename Input>
  static void apply(const Input& in, Builder& b) {
    b.characters += matched(in);
  }
};
template <char Quote>
struct action<plain_run<Quote>> : append_matched {};
template <>
struct action<other_escape> : append_matched {};
template <>
struct action<identifier_start> : append_matched {};
template <>
struct action<identifier_run> : append_matched {};

inline void append(Builder& b, char32_t code_point) {
  // Never a lone surrogate: the grammar has refused those.
  (void)peg::unescape::utf8_append_utf32(b.characters, code_point);
}

template <>
struct action<named_escape> : peg::unescape::unescape_c<peg::one<'b', 'f', 'n', 'r', 't', 'v'>,
                                                        '\b', '\f', '\n', '\r', '\t', '\v'> {
  template <typename Input>
  static void apply(const Input& in, Builder& b) {
    unescape_c::apply(in, b.characters);
  }
};
template <>
struct action<null_escape> {
  static void apply0(Builder& b) { b.characters += '\0'; }
};
template <>
struct action<byte_escape> {
  template <typename Input>
  static void apply(const Input& in, Builder& b) {
    append(b, from_hex(matched(in).substr(1)));
  }
};
template <>
struct action<code_unit> {
  template <typename Input>
  static void apply(const Input& in, Builder& b) {
    append(b, from_hex(matched(in)));
  }
};
template <>
struct action<surrogate_pair> {  // D83D\uDE00
  template <typename Input>
  static void apply(const Input& in, Builder& b) {
    const char32_t high = from_hex(matched(in).substr(0, 4));
    const char32_t low = from_hex(matched(in).substr(6, 4));
    append(b, 0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF));
  }
};
template <>
struct action<identifier_escape> {  // \u00E9
  template <typename Input>
  static void apply(const Input& in, Builder& b) {
    const char32_t c = from_hex(matched(in).substr(2));
    if (!(b.characters.empty() ? is_identifier_start(c) : is_identifier_part(c))) {
      throw Failure{Wanted::KeyCharacter, b.offset_of(in.begin())};
    }
    append(b, c);
  }
};

template <>
struct action<key> {
  template <typename Input>
  static void apply(const Input& in, Builder& b) {
    b.set_key(matched(in));
  }
};
template <>
struct action<string_value> {
  template <typename Input>
  static void apply(const Input& in, Builder& b) {
    b.add_string(matched(in));
  }
};
template <>
struct action<number_value> {
  template <typename Input>
  static void apply(const Input& in, Builder& b) {
    b.add_number(matched(in));
  }
};
template <>
struct action<null_value> {
  template <typename Input>
  static void apply(const Input& in, Builder& b) {
    b.add_null(matched(in));
  }
};
template <>
struct action<true_value> {
  template <typename Input>
  static void apply(const Input& in, Builder& b) {
    b.add_bool(true, matched(in));
  }
};
template <>
struct action<false_value> {
  template <typename Input>
  static void apply(const Input& in, Builder& b) {
    b.add_bool(false, matched(in));
  }
};
template <>
struct action<open_bracket> {
  template <typename Input>
  static void apply(const Input& in, Builder& b) {
    b.open_array(b.offset_of(in.begin()));
  }
};
template <>
struct action<open_brace> {
  template <typename Input>
  static void apply(const Input& in, Builder& b) {
    b.open_object(b.offset_of(in.begin()));
  }
};
struct close_container {
  template <typename Input>
  static void apply(const Input& in, Builder& b) {
    b.close(b.offset_of(in.end()));
  }
};
template <>
struct action<close_bracket> : close_container {};
template <>
struct action<close_brace> : close_container {};

// Turns the raise<> of a need<> into a Failure.
template <typename Rule>
struct control : peg::normal<Rule> {};
template <Wanted W>
struct control<expected<W>> {
  template <typename Input>
  [[noreturn]] static void raise(const Input& in, const Builder& b) {
    throw Failure{W, b.offset_of(in.current())};
  }
};

}  // namespace prox::config::json5::grammar
