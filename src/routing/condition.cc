#include "prox/routing/condition.h"

#include <optional>

#include "prox/http/fields.h"
#include "prox/http/query.h"

namespace prox::routing {

FieldPattern::FieldPattern(const config::FieldCondition& condition)
    : name_(condition.name.value), text_(condition.value.value) {
  if (condition.present) {
    kind_ = *condition.present ? Kind::Present : Kind::Absent;
    return;
  }
  std::string_view rest = text_;
  const auto cut = [&rest](bool is_there, std::size_t before, std::size_t behind) {
    if (!is_there) return false;
    rest.remove_prefix(before);
    rest.remove_suffix(behind);
    return true;
  };
  negated_ = cut(rest.starts_with('!'), 1, 0);
  star_before_ = cut(rest.starts_with('*'), 1, 0);
  star_behind_ = cut(rest.ends_with('*'), 0, 1);
  // "*" alone is any value.
  if (star_before_ && rest.empty()) star_behind_ = true;
  literal_ = rest;
}

bool FieldPattern::holds(bool is_there, bool one_fits) const {
  switch (kind_) {
    case Kind::Present: return is_there;
    case Kind::Absent: return !is_there;
    case Kind::Value: return one_fits != negated_;
  }
  return false;
}

bool FieldPattern::holds_for_headers(const http::RequestHead& request) const {
  if (http::equal_ignoring_case(name_, "Host"))
    return holds(!request.host.empty(), !request.host.empty() && fits(request.host));
  bool is_there = false;
  for (const http::Field& field : request.fields) {
    if (!http::equal_ignoring_case(field.name, name_)) continue;
    is_there = true;
    if (fits(field.value)) return holds(true, true);
  }
  return holds(is_there, false);
}

bool FieldPattern::holds_for_query(std::string_view query) const {
  bool is_there = false;
  bool one_fits = false;
  http::for_each_parameter(query, [&](http::DecodedText name, http::DecodedText value) {
    if (!(name == name_)) return true;
    is_there = true;
    one_fits = fits(value);
    return !one_fits;
  });
  return holds(is_there, one_fits);
}

bool is_in(const config::Networks& networks, std::string_view client) {
  const std::optional<config::IpAddress> address = config::parse_ip(client);
  return address &&
         std::any_of(networks.begin(), networks.end(),
                     [&](const config::Network& network) { return network.contains(*address); });
}

}  // namespace prox::routing
