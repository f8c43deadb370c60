#include "prox/http/codings.h"

#include <algorithm>

#include "http/chars.h"

namespace prox::http {

namespace {

Slice trimmed(Slice text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// "q=0.5" in thousandths (RFC 9110 §12.4.2); a weight that cannot be read refuses, so that nothing is sent that the client may not
// understand.
int parse_weight(Slice parameter) {
  parameter = trimmed(parameter);
  if (parameter.size() < 3 || (parameter[0] | 0x20) != 'q' || parameter[1] != '=') return 0;
  const Slice value = parameter.substr(2);
  if ((value[0] != '0' && value[0] != '1') || value.size() > 5) return 0;
  if (value.size() > 1 && value[1] != '.') return 0;
  int weight = (value[0] - '0') * 1000;
  int unit = 100;
  for (std::size_t i = 2; i < value.size(); ++i, unit /= 10) {
    if (!is_digit(value[i])) return 0;
    weight += (value[i] - '0') * unit;
  }
  return weight > 1000 ? 0 : weight;
}

}  // namespace

int coding_weight(const Fields& fields, Slice coding) {
  int named = -1;
  int any = -1;  // of "*"
  for (const Field& field : fields) {
    if (field.id != FieldId::Other || !equal_ignoring_case(field.name, "Accept-Encoding")) continue;
    for_each_member(field.value, [&](Slice member) {
      const std::size_t semicolon = member.find(';');
      const Slice name = trimmed(member.substr(0, semicolon));
      const int weight =
          semicolon == Slice::npos ? 1000 : parse_weight(member.substr(semicolon + 1));
      if (name == "*") any = weight;
      // RFC 9110 §8.4.1.3: x-gzip is gzip.
      if (equal_ignoring_case(name, coding) ||
          (coding == "gzip" && equal_ignoring_case(name, "x-gzip")))
        named = weight;
      return true;
    });
  }
  if (named >= 0) return named;
  if (any >= 0) return any;
  return coding == "identity" ? 1 : 0;
}

int least_coding_weight(const Fields& fields) {
  return std::max(coding_weight(fields, "identity"), 1);
}

}  // namespace prox::http
