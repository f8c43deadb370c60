#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "prox/routing/router.h"
#include "routing/edge_table.h"

namespace prox::routing {

// Order of preference among all path items of all routes: route number, then the item's place in the route's list. The lowest one
// that matches wins.
using Rank = std::uint64_t;
inline constexpr Rank kNoRank = UINT64_MAX;
constexpr Rank make_rank(std::uint32_t route, std::uint32_t item) {
  return Rank{route} << 32 | item;
}
constexpr std::uint32_t route_of(Rank rank) { return static_cast<std::uint32_t>(rank >> 32); }

// Methods as a set: one bit for each http::Method. A set with Other but without kAllMethods names words that have to be compared.
using MethodSet = std::uint16_t;
inline constexpr MethodSet kAllMethods = 0xffff;
constexpr MethodSet method_bit(http::Method method) {
  return static_cast<MethodSet>(1U << static_cast<unsigned>(method));
}

// A route's claim to a place in the index. Claims to the same place form a list in ascending rank.
struct Entry {
  Rank rank;
  const PathPattern* path;  // into the routes; nullptr for a route without paths
  std::uint32_t next = kNone;
  MethodSet methods = kAllMethods;
  // Those of `methods` for which nothing more has to be looked at: neither a method's word nor another condition.
  MethodSet certain = kAllMethods;
};

// A node of the tries over path segments. Edges are named "users/" for a directory, "users" for a path's end.
struct PathNode {
  Rank lowest_below = kNoRank;    // over all nodes under this one; kNoRank: there are none
  std::uint32_t entries = kNone;  // of "…/*" for a directory, of the exact path for an end
};

// A node of the tries over labels. Where a pattern ends, `entries` and `paths` say what its routes ask of the path.
struct DomainNode {
  Rank lowest = kNoRank;           // over this node and all under it
  std::uint32_t entries = kNone;   // routes without paths
  std::uint32_t paths = kNone;     // the PathNode of "/"
  std::uint32_t star = kNone;      // child for the label "*"
  std::uint32_t partials = kNone;  // list of the lengths that "pre*suf" children have
  bool has_literals = false;

  bool is_place() const { return entries != kNone || paths != kNone; }
};

// Lengths of prefix and suffix that some "pre*suf" label at a node has. One lookup for each pair of lengths finds the label, however
// many such labels there are.
struct PartialLengths {
  std::uint32_t prefix;
  std::uint32_t suffix;
  std::uint32_t next = kNone;
};

// Where a search begins. Each kind of request has these four nodes of its own.
enum class Root : std::uint32_t {
  Anywhere,   // routes without a domain
  Exact,      // children by whole host
  FromRight,  // patterns without "**", last label first
  FromLeft,   // patterns that end in "**", first label first; the "**" has no node
};
inline constexpr std::uint32_t kRoots = 4;
constexpr std::uint32_t root_node(Root root, bool forward_proxy) {
  return static_cast<std::uint32_t>(root) + (forward_proxy ? kRoots : 0);
}

// The route table as tries. Filled once by the constructor, read by the router's search. Refers to `routes`.
struct RouteIndex {
  explicit RouteIndex(const std::vector<RouteMatch>& routes);

  std::array<Rank, 2> lowest_with_domain{kNoRank, kNoRank};  // [1]: of forward-proxy routes
  std::vector<DomainNode> domains{2 * kRoots};
  std::vector<PathNode> paths;
  std::vector<Entry> entries;
  std::vector<PartialLengths> partials;
  EdgeTable domain_edges;
  EdgeTable path_edges;

 private:
  void add(std::uint32_t number, const RouteMatch& route);
  std::uint32_t place_of(const RouteMatch& route, Rank rank);
  std::uint32_t label_child(std::uint32_t parent, std::string_view label);
  std::uint32_t literal_child(std::uint32_t parent, std::string_view text);
  std::uint32_t path_place(std::uint32_t root, const PathPattern& pattern, Rank rank);
  std::uint32_t path_child(std::uint32_t parent, std::string_view segment);
  void append(std::uint32_t& list, const Entry& entry);
};

}  // namespace prox::routing
