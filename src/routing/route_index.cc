#include "routing/route_index.h"

#include <algorithm>

#include "prox/base/assert.h"
#include "routing/labels.h"

namespace prox::routing {

namespace {

constexpr MethodSet kOther = method_bit(http::Method::Other);

// A set of all methods has the bit of Other, too, and asks for no word.
MethodSet certain_of(MethodSet methods, const RouteMatch& route) {
  if (route.has_conditions()) return 0;
  return methods == kAllMethods ? methods : static_cast<MethodSet>(methods & ~kOther);
}

MethodSet method_set(const std::vector<std::string>& methods) {
  if (methods.empty()) return kAllMethods;
  MethodSet set = 0;
  for (const std::string& method : methods) set |= method_bit(http::parse_method(method));
  return set;
}

}  // namespace

RouteIndex::RouteIndex(const std::vector<RouteMatch>& routes) {
  PROX_ASSERT(routes.size() < kNone);
  for (std::uint32_t i = 0; i < routes.size(); ++i) {
    if (!routes[i].before_tls_only) add(i, routes[i]);
  }
}

void RouteIndex::add(std::uint32_t number, const RouteMatch& route) {
  const MethodSet methods = method_set(route.methods);
  const MethodSet certain = certain_of(methods, route);
  const std::uint32_t place = place_of(route, make_rank(number, 0));
  if (route.paths.empty()) {
    append(domains[place].entries, {make_rank(number, 0), nullptr, kNone, methods, certain});
    return;
  }
  if (domains[place].paths == kNone) {
    domains[place].paths = static_cast<std::uint32_t>(paths.size());
    paths.emplace_back();
  }
  for (std::uint32_t item = 0; item < route.paths.size(); ++item) {
    const Rank rank = make_rank(number, item);
    const PathPattern& pattern = route.paths[item];
    append(paths[path_place(domains[place].paths, pattern, rank)].entries,
           {rank, &pattern, kNone, methods, certain});
  }
}

// The node where the route's domain pattern ends, made if it is new.
std::uint32_t RouteIndex::place_of(const RouteMatch& route, Rank rank) {
  const auto lower = [this, rank](std::uint32_t node) {
    domains[node].lowest = std::min(domains[node].lowest, rank);
    return node;
  };
  const auto root = [&](Root kind) { return lower(root_node(kind, route.forward_proxy)); };
  if (!route.domain) return root(Root::Anywhere);
  Rank& lowest = lowest_with_domain[route.forward_proxy ? 1 : 0];
  lowest = std::min(lowest, rank);
  std::string_view rest = route.domain->lower_case();
  if (route.domain->is_exact()) return lower(literal_child(root(Root::Exact), rest));
  std::uint32_t node = kNone;
  if (route.domain->has_glob()) {
    rest.remove_suffix(3);
    node = root(Root::FromLeft);
    while (!rest.empty()) node = lower(label_child(node, pop_first_label(rest)));
  } else {
    node = root(Root::FromRight);
    while (!rest.empty()) node = lower(label_child(node, pop_last_label(rest)));
  }
  return node;
}

std::uint32_t RouteIndex::label_child(std::uint32_t parent, std::string_view label) {
  const LabelShape shape(label);
  if (!shape.star) {
    domains[parent].has_literals = true;
    return literal_child(parent, label);
  }
  if (label == "*") {
    if (domains[parent].star == kNone) {
      domains[parent].star = static_cast<std::uint32_t>(domains.size());
      domains.emplace_back();
    }
    return domains[parent].star;
  }
  const PartialLengths lengths{static_cast<std::uint32_t>(shape.prefix.size()),
                               static_cast<std::uint32_t>(shape.suffix.size()),
                               domains[parent].partials};
  std::uint32_t known = domains[parent].partials;
  while (known != kNone &&
         (partials[known].prefix != lengths.prefix || partials[known].suffix != lengths.suffix)) {
    known = partials[known].next;
  }
  if (known == kNone) {
    domains[parent].partials = static_cast<std::uint32_t>(partials.size());
    partials.push_back(lengths);
  }
  return literal_child(parent, label);
}

std::uint32_t RouteIndex::literal_child(std::uint32_t parent, std::string_view text) {
  std::uint32_t child = domain_edges.find(parent, text);
  if (child != kNone) return child;
  child = static_cast<std::uint32_t>(domains.size());
  domains.emplace_back();
  domain_edges.insert(parent, text, child);
  return child;
}

// The node where a path item ends, made if it is new.
std::uint32_t RouteIndex::path_place(std::uint32_t root, const PathPattern& pattern, Rank rank) {
  PROX_ASSERT(pattern.prefix.starts_with('/'));
  std::string_view rest = std::string_view(pattern.prefix).substr(1);
  std::uint32_t node = root;
  const auto descend = [&](std::string_view segment) {
    paths[node].lowest_below = std::min(paths[node].lowest_below, rank);
    node = path_child(node, segment);
  };
  for (std::size_t slash = rest.find('/'); slash != rest.npos; slash = rest.find('/')) {
    descend(rest.substr(0, slash + 1));
    rest.remove_prefix(slash + 1);
  }
  if (!pattern.is_prefix) descend(rest);
  return node;
}

std::uint32_t RouteIndex::path_child(std::uint32_t parent, std::string_view segment) {
  std::uint32_t child = path_edges.find(parent, segment);
  if (child != kNone) return child;
  child = static_cast<std::uint32_t>(paths.size());
  paths.emplace_back();
  path_edges.insert(parent, segment, child);
  return child;
}

// Leaves out what can never win because earlier entries of the list take all its methods: so no list is longer than there are
// methods, however often a path is repeated. Words beyond the known methods are not told apart here, and always kept; so is what
// stands behind a route with conditions.
void RouteIndex::append(std::uint32_t& list, const Entry& entry) {
  MethodSet taken = 0;
  std::uint32_t* end = &list;
  while (*end != kNone) {
    taken |= entries[*end].certain;
    end = &entries[*end].next;
  }
  if ((entry.methods & ~taken) == 0) return;
  // Before push_back moves the entries, and with them what `end` may point to.
  *end = static_cast<std::uint32_t>(entries.size());
  entries.push_back(entry);
}

}  // namespace prox::routing
