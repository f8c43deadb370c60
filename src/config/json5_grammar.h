#pragma once

#include <tao/pegtl.hpp>

#include "config/json5_failure.h"
#include "config/unicode_identifier.h"

// JSON5 1.0 (https://spec.json5.org) as PEGTL rules, for text that is known to be UTF-8. Every rule knows from its first bytes whether it
// applies, so no action ever has to be undone; where nothing fits, need<> says what was wanted and ends the parse.
namespace prox::config::json5::grammar {

namespace peg = tao::pegtl;

template <Wanted W>
struct expected {};

// Rule, or else a Failure at the place where Rule began.
template <typename Rule, Wanted W>
struct need : peg::sor<Rule, peg::raise<expected<W>>> {};

template <bool (*is_in_category)(char32_t)>
struct unicode {
  using rule_t = unicode;
  using subs_t = peg::empty_list;

  template <typename Input>
  static bool match(Input& in) {
    const auto c = peg::internal::peek_utf8::peek(in);
    if (c.size == 0 || !is_in_category(c.data)) return false;
    in.bump(c.size);
    return true;
  }
};

// White space and comments (§7, §8): also Unicode's Zs and the byte order mark.
struct line_end : peg::sor<peg::one<'\n', '\r'>, peg::utf8::one<0x2028, 0x2029>> {};
struct ascii_space : peg::one<' ', '\t', '\n', '\r', '\v', '\f'> {};
struct other_space : peg::utf8::ranges<0x2000, 0x200A, 0x2028, 0x2029, 0xA0, 0xA0, 0x1680, 0x1680,
                                       0x202F, 0x202F, 0x205F, 0x205F, 0x3000, 0x3000, 0xFEFF> {};
struct line_comment
    : peg::seq<peg::string<'/', '/'>, peg::star<peg::not_at<line_end>, peg::utf8::any>> {};
struct block_comment
    : peg::seq<peg::string<'/', '*'>, need<peg::until<peg::string<'*', '/'>>, Wanted::CommentEnd>> {
};
struct ignored
    : peg::star<peg::sor<peg::plus<ascii_space>, line_comment, block_comment, other_space>> {};

// Escapes (§5.1). \uHHHH names a UTF-16 code unit: only a pair of surrogates is a character.
template <Wanted W>
struct hex_digit : need<peg::xdigit, W> {};
struct unit_digits : peg::rep<4, hex_digit<Wanted::HexDigitOfU>> {};
struct high_surrogate : peg::seq<peg::one<'d', 'D'>, peg::one<'8', '9', 'a', 'b', 'A', 'B'>,
                                 peg::xdigit, peg::xdigit> {};
struct low_surrogate
    : peg::seq<peg::one<'d', 'D'>, peg::one<'c', 'd', 'e', 'f', 'C', 'D', 'E', 'F'>, peg::xdigit,
               peg::xdigit> {};
struct surrogate_pair
    : peg::seq<high_surrogate,
               need<peg::seq<peg::string<'\\', 'u'>, low_surrogate>, Wanted::LowSurrogate>> {};
struct lone_low_surrogate
    : peg::seq<peg::at<low_surrogate>, peg::raise<expected<Wanted::HighSurrogate>>> {};
struct code_unit : unit_digits {};
struct unicode_escape
    : peg::seq<peg::one<'u'>, peg::sor<surrogate_pair, lone_low_surrogate, code_unit>> {};

struct continued_line : peg::sor<peg::string<'\r', '\n'>, line_end> {};
struct named_escape : peg::one<'b', 'f', 'n', 'r', 't', 'v'> {};
struct null_escape : peg::seq<peg::one<'0'>, peg::not_at<peg::digit>> {};
struct byte_escape
    : peg::seq<peg::one<'x'>, hex_digit<Wanted::HexDigitOfX>, hex_digit<Wanted::HexDigitOfX>> {};
struct digit_escape : peg::seq<peg::at<peg::digit>, peg::raise<expected<Wanted::Escape>>> {};
struct other_escape : peg::utf8::any {};
struct escape
    : peg::seq<peg::one<'\\'>, peg::sor<named_escape, continued_line, unicode_escape, byte_escape,
                                        null_escape, digit_escape, other_escape>> {};

// Strings (§5). U+2028 and U+2029 may stand in them as they are (§5.2).
template <char Quote>
struct plain_run : peg::plus<peg::not_one<Quote, '\\', '\n', '\r'>> {};
template <char Quote>
struct quoted
    : peg::seq<peg::one<Quote>,
               need<peg::seq<peg::star<peg::sor<plain_run<Quote>, escape>>, peg::one<Quote>>,
                    Wanted::StringEnd>> {};
struct string_value : peg::sor<quoted<'"'>, quoted<'\''>> {};

// Keys (§3): a string, or an identifier of ECMAScript 5.1 §7.6.
struct identifier_start : unicode<is_identifier_start> {};
struct identifier_part : unicode<is_identifier_part> {};
struct identifier_run : peg::plus<identifier_part> {};
struct identifier_escape
    : peg::seq<peg::one<'\\'>, need<peg::one<'u'>, Wanted::KeyEscapeU>, unit_digits> {};
struct identifier : peg::seq<peg::sor<identifier_start, identifier_escape>,
                             peg::star<peg::sor<identifier_run, identifier_escape>>> {};
struct key : peg::sor<identifier, quoted<'"'>, quoted<'\''>> {};

// A word or number ends where no identifier could go on.
struct word_end : peg::not_at<peg::sor<identifier_part, peg::one<'\\'>>> {};
template <char... Letters>
struct word : peg::seq<peg::string<Letters...>, word_end> {};
struct null_value : word<'n', 'u', 'l', 'l'> {};
struct true_value : word<'t', 'r', 'u', 'e'> {};
struct false_value : word<'f', 'a', 'l', 's', 'e'> {};

// Numbers (§6). After a leading 0 no digit follows: number_end refuses 010.
struct sign : peg::one<'+', '-'> {};
struct hex_number : peg::seq<peg::one<'0'>, peg::one<'x', 'X'>, peg::plus<peg::xdigit>> {};
struct whole_part : peg::sor<peg::one<'0'>, peg::plus<peg::digit>> {};
struct mantissa : peg::sor<peg::seq<peg::one<'.'>, peg::plus<peg::digit>>,
                           peg::seq<whole_part, peg::opt<peg::one<'.'>, peg::star<peg::digit>>>> {};
struct exponent : peg::seq<peg::one<'e', 'E'>, peg::opt<sign>, peg::plus<peg::digit>> {};
struct decimal_number : peg::seq<mantissa, peg::opt<exponent>> {};
struct infinity : peg::string<'I', 'n', 'f', 'i', 'n', 'i', 't', 'y'> {};
struct not_a_number : peg::string<'N', 'a', 'N'> {};
struct number_end : peg::seq<word_end, peg::not_at<peg::one<'.'>>> {};
struct number : peg::seq<peg::opt<sign>,
                         peg::sor<hex_number, decimal_number, infinity, not_a_number>, number_end> {
};
struct number_value : peg::sor<peg::seq<peg::at<peg::sor<sign, peg::digit, peg::one<'.'>>>,
                                        need<number, Wanted::Number>>,
                               number> {};

// Arrays and objects (§3, §4). One comma may follow the last element.
struct value;
struct open_bracket : peg::one<'['> {};
struct close_bracket : peg::one<']'> {};
struct element : peg::seq<need<value, Wanted::ValueOrBracket>, ignored> {};
struct comma : peg::seq<peg::one<','>, ignored> {};
struct array
    : peg::seq<open_bracket, ignored,
               peg::until<close_bracket, element,
                          need<peg::sor<comma, peg::at<close_bracket>>, Wanted::CommaOrBracket>>> {
};

struct open_brace : peg::one<'{'> {};
struct close_brace : peg::one<'}'> {};
struct member : peg::seq<need<key, Wanted::KeyOrBrace>, ignored, need<peg::one<':'>, Wanted::Colon>,
                         ignored, need<value, Wanted::Value>, ignored> {};
struct object
    : peg::seq<open_brace, ignored,
               peg::until<close_brace, member,
                          need<peg::sor<comma, peg::at<close_brace>>, Wanted::CommaOrBrace>>> {};

struct value
    : peg::sor<string_value, object, array, number_value, true_value, false_value, null_value> {};

struct document
    : peg::seq<ignored, need<value, Wanted::Value>, ignored, need<peg::eof, Wanted::EndOfFile>> {};

}  // namespace prox::config::json5::grammar
