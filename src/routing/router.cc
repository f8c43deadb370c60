#include "prox/routing/router.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "prox/http/host.h"
#include "routing/labels.h"
#include "routing/lower_case.h"
#include "routing/route_index.h"

namespace prox::routing {

struct Router::Index {
  explicit Index(std::vector<RouteMatch> list) : routes(std::move(list)), tries(routes) {}

  std::vector<RouteMatch> routes;
  RouteIndex tries;
};

namespace {

bool holds_all_conditions(const RouteMatch& route, const RouteKey& key) {
  if (key.head == nullptr) return false;
  const auto in_headers = [&](const FieldPattern& pattern) {
    return pattern.holds_for_headers(*key.head);
  };
  const auto in_query = [&](const FieldPattern& pattern) {
    return pattern.holds_for_query(key.head->query);
  };
  return std::all_of(route.headers.begin(), route.headers.end(), in_headers) &&
         std::all_of(route.query.begin(), route.query.end(), in_query) &&
         (route.clients.empty() || is_in(route.clients, key.client));
}

// One lookup: visits every place of the index that fits the request and keeps the lowest rank that allows its method. Whatever cannot
// be lower than the best one so far is passed over.
class Search {
 public:
  Search(const RouteIndex& index, const std::vector<RouteMatch>& routes, const RouteKey& key)
      : index_(index), routes_(routes), key_(key), method_(method_bit(key.method)) {}

  std::optional<RouteHit> run();

 private:
  const DomainNode& root(Root root) const {
    return index_.domains[root_node(root, key_.forward_proxy)];
  }
  // Not inlined, like two others below: what few tables need would burden the path of all others with its stack and registers.
  [[gnu::noinline]] void try_domains();
  template <Root direction>
  void walk(std::uint32_t id, std::string_view rest);
  std::uint32_t find_partial(std::uint32_t parent, const PartialLengths& lengths,
                             std::string_view label) const;
  void try_place(const DomainNode& place);
  [[gnu::noinline]] void try_paths(std::uint32_t node);
  void try_entries(std::uint32_t list);
  bool takes(const Entry& entry) const {
    return (entry.certain & method_) != 0 || ((entry.methods & method_) != 0 && fulfils(entry));
  }
  // What the index cannot tell.
  [[gnu::noinline]] bool fulfils(const Entry& entry) const;
  bool names_method(const RouteMatch& route) const;

  const RouteIndex& index_;
  const std::vector<RouteMatch>& routes_;
  const RouteKey& key_;
  const MethodSet method_;
  Rank best_ = kNoRank;
  const PathPattern* path_ = nullptr;  // the best one's
};

std::optional<RouteHit> Search::run() {
  try_place(root(Root::Anywhere));
  if (index_.lowest_with_domain[key_.forward_proxy ? 1 : 0] < best_) try_domains();
  if (best_ == kNoRank) return std::nullopt;
  return RouteHit{route_of(best_), path_};
}

void Search::try_domains() {
  char buffer[256];
  const std::string_view host = normalise_host(key_.host, buffer);
  if (root(Root::Exact).lowest < best_) {
    const std::uint32_t exact =
        index_.domain_edges.find(root_node(Root::Exact, key_.forward_proxy), host);
    if (exact != kNone) try_place(index_.domains[exact]);
  }
  if (std::min(root(Root::FromRight).lowest, root(Root::FromLeft).lowest) >= best_) return;
  // What has_full_labels() looks for; the walks find the other empty labels on their way.
  if (host.empty() || host.front() == '[' || host.front() == '.') return;
  walk<Root::FromRight>(root_node(Root::FromRight, key_.forward_proxy), host);
  walk<Root::FromLeft>(root_node(Root::FromLeft, key_.forward_proxy), host);
}

// `rest` holds the labels that are still to be matched below node `id`.
template <Root direction>
void Search::walk(std::uint32_t id, std::string_view rest) {
  const DomainNode& node = index_.domains[id];
  if (node.lowest >= best_) return;
  // A pattern without "**" has to use up the host, one with it has to leave full labels.
  if (direction == Root::FromRight ? rest.empty() : node.is_place() && has_full_labels(rest))
    try_place(node);
  if (rest.empty()) return;
  const std::string_view label =
      direction == Root::FromRight ? pop_last_label(rest) : pop_first_label(rest);
  if (label.empty()) return;
  if (node.has_literals) {
    const std::uint32_t child = index_.domain_edges.find(id, label);
    if (child != kNone) walk<direction>(child, rest);
  }
  if (node.star != kNone) walk<direction>(node.star, rest);
  for (std::uint32_t i = node.partials; i != kNone; i = index_.partials[i].next) {
    const std::uint32_t child = find_partial(id, index_.partials[i], label);
    if (child != kNone) walk<direction>(child, rest);
  }
}

// A host may hold a "*" itself (RFC 3986 §3.2.2); a label "a*b" then finds the edge of the pattern's "a*b" as a literal too, which is
// no harm, since the pattern matches it.
std::uint32_t Search::find_partial(std::uint32_t parent, const PartialLengths& lengths,
                                   std::string_view label) const {
  if (label.size() < std::size_t{lengths.prefix} + lengths.suffix) return kNone;
  char edge[256 + 1];
  std::memcpy(edge, label.data(), lengths.prefix);
  edge[lengths.prefix] = '*';
  std::memcpy(edge + lengths.prefix + 1, label.data() + label.size() - lengths.suffix,
              lengths.suffix);
  return index_.domain_edges.find(parent, {edge, std::size_t{lengths.prefix} + 1 + lengths.suffix});
}

void Search::try_place(const DomainNode& place) {
  try_entries(place.entries);
  if (place.paths != kNone && key_.path.starts_with('/')) try_paths(place.paths);
}

// Walks down the path's own segments, as far as patterns have them.
void Search::try_paths(std::uint32_t node) {
  std::string_view rest = key_.path.substr(1);
  while (true) {
    try_entries(index_.paths[node].entries);
    if (index_.paths[node].lowest_below >= best_) return;
    const std::size_t slash = rest.find('/');
    if (slash == rest.npos) break;
    node = index_.path_edges.find(node, rest.substr(0, slash + 1));
    if (node == kNone) return;
    rest.remove_prefix(slash + 1);
  }
  const std::uint32_t end = index_.path_edges.find(node, rest);
  if (end != kNone) try_entries(index_.paths[end].entries);
}

void Search::try_entries(std::uint32_t list) {
  while (list != kNone) {
    const Entry& entry = index_.entries[list];
    if (entry.rank >= best_) return;
    if (takes(entry)) {
      best_ = entry.rank;
      path_ = entry.path;
      return;
    }
    list = entry.next;
  }
}

bool Search::fulfils(const Entry& entry) const {
  const RouteMatch& route = routes_[route_of(entry.rank)];
  const bool names_words = key_.method == http::Method::Other && entry.methods != kAllMethods;
  if (names_words && !names_method(route)) return false;
  return !route.has_conditions() || holds_all_conditions(route, key_);
}

bool Search::names_method(const RouteMatch& route) const {
  return std::find(route.methods.begin(), route.methods.end(), key_.method_text) !=
         route.methods.end();
}

}  // namespace

Router::Router(std::vector<RouteMatch> routes)
    : index_(std::make_unique<Index>(std::move(routes))) {}
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;
Router::~Router() = default;

const std::vector<RouteMatch>& Router::routes() const { return index_->routes; }

std::optional<RouteHit> Router::find(const RouteKey& key) const {
  return Search(index_->tries, index_->routes, key).run();
}

std::string_view normalise_host(std::string_view host, char (&buffer)[256]) {
  std::string_view name = http::without_port(host);
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.size() > sizeof buffer) return {};
  copy_lower(name, buffer);
  return {buffer, name.size()};
}

}  // namespace prox::routing
