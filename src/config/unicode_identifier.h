#pragma once

namespace prox::config {

// What may stand in an unquoted key: ECMAScript 5.1 §7.6 IdentifierName, which JSON5 takes over. Escapes are the caller's.

// A letter (Lu Ll Lt Lm Lo Nl), $ or _.
bool is_identifier_start(char32_t code_point);
// The same, or a combining mark, digit or connector (Mn Mc Nd Pc), or one of the joiners U+200C and U+200D.
bool is_identifier_part(char32_t code_point);

}  // namespace prox::config
