#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "prox/routing/l4_table.h"
#include "prox/routing/router.h"

namespace prox::routing {

// The conditions of a match, in the order in which they are looked at when someone asks why it does not hold.
enum class Condition : std::uint8_t { Kind, Domain, Path, Method, Headers, Query, Client, Alpn };

// The first condition of a match that a request does not fulfil, and why, in words: "domain api.example.com is not *.example.org".
struct Mismatch {
  Condition condition;
  std::string why;
};

// Why a route does not take a request; nothing if it does. The first route without a mismatch is the one that Router::find() gives. For
// people who ask, not for traffic.
std::optional<Mismatch> find_mismatch(const RouteMatch& match, const RouteKey& key);
// The same for a route that connections are decided by, and L4Table::find().
std::optional<Mismatch> find_mismatch(const L4Table::Route& route, const L4Key& key);

}  // namespace prox::routing
