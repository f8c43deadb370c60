// What one route lookup costs, and that it neither grows with the table nor allocates.
//
//   routing_bench                  ns per lookup, every case
//   routing_bench CASE LOOKUPS     that many lookups and nothing else; for counting instructions:
//                                  valgrind --tool=callgrind --toggle-collect='*Router::find*' routing_bench few 100000

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prox/routing/router.h"

namespace {

std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using prox::routing::DomainPattern;
using prox::routing::parse_paths;
using prox::routing::RouteKey;
using prox::routing::RouteMatch;
using prox::routing::Router;

struct Request {
  std::string host;
  std::string path;
  int winner;  // -1: none
};

struct Case {
  std::string_view name;
  std::vector<RouteMatch> routes;
  std::vector<Request> requests;  // a power of two
};

RouteMatch route(std::string_view domain, std::string_view paths) {
  RouteMatch match;
  if (!domain.empty()) match.domain.emplace(domain);
  if (!paths.empty()) match.paths = parse_paths(paths);
  return match;
}

// Exact domains first, then wildcards. Of eight requests five ask for an exact domain, two for a wildcard, one for neither. They
// spread over `spread` domains of each kind.
Case domains(std::string_view name, int exact, int wildcards, int spread) {
  Case result{name, {}, {}};
  for (int i = 0; i < exact; ++i)
    result.routes.push_back(route(fmt::format("customer{:05}.example.com", i), "/*"));
  for (int i = 0; i < wildcards; ++i)
    result.routes.push_back(route(fmt::format("*.group{:05}.example.com", i), "/*"));
  for (int i = 0; i < 8192; ++i) {
    // A stride without a common factor visits the domains in no order that a cache could foresee.
    const int which = static_cast<int>(std::int64_t{i} * 7919 % spread);
    const int first = which % exact;
    const int second = which % wildcards;
    switch (i % 8) {
      case 3:
      case 6:
        result.requests.push_back(
            {fmt::format("www.group{:05}.example.com:8443", second), "/a/b", exact + second});
        break;
      case 7: result.requests.push_back({"www.customer00000.example.com", "/a/b", -1}); break;
      default:
        result.requests.push_back(
            {fmt::format("customer{:05}.example.com:8443", first), "/a/b", first});
    }
  }
  return result;
}

Case paths(std::string_view name, int count) {
  Case result{name, {}, {}};
  for (int i = 0; i < count; ++i)
    result.routes.push_back(route("", fmt::format("/api/v1/object{:05}/*", i)));
  for (int i = 0; i < 8192; ++i) {
    const int which = i * 7919 % 8;
    result.requests.push_back(
        {"example.com", fmt::format("/api/v1/object{:05}/12/name", which), which});
  }
  return result;
}

std::vector<Case> make_cases() {
  std::vector<Case> cases;
  cases.push_back({"catch-all", {}, {{"example.com", "/a/b", 0}}});
  cases.back().routes.push_back(route("", ""));
  cases.push_back({"all-paths", {}, {{"example.com", "/a/b", 0}}});
  cases.back().routes.push_back(route("", "/*"));
  cases.push_back(domains("few", 8, 2, 8));
  cases.push_back(domains("many-hot", 10'000, 200, 8));
  cases.push_back(domains("many-cold", 10'000, 200, 10'000));
  cases.push_back(paths("10-paths", 10));
  cases.push_back(paths("10000-paths", 10'000));
  return cases;
}

// False if a request found another route than it should have.
bool look_up(const Router& router, const std::vector<Request>& requests, std::size_t times) {
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < times; ++i) {
    const Request& request = requests[i & (requests.size() - 1)];
    const auto hit =
        router.find({request.host, request.path, prox::http::Method::Get, "GET", false});
    wrong += (hit ? static_cast<int>(hit->route) : -1) != request.winner;
  }
  return wrong == 0;
}

bool measure(const Case& c, const Router& router) {
  constexpr std::size_t kLookups = 1 << 20;
  double best = 1e9;
  bool right = look_up(router, c.requests, kLookups);
  const std::size_t before = allocations;
  for (int round = 0; round < 7; ++round) {
    const auto start = std::chrono::steady_clock::now();
    right = look_up(router, c.requests, kLookups) && right;
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count() / kLookups);
  }
  const std::size_t allocated = allocations - before;
  fmt::print("{:12} {:6} routes {:7.1f} ns/lookup {} allocations{}\n", c.name, c.routes.size(),
             best, allocated, right ? "" : ", WRONG ROUTE");
  return right && allocated == 0;
}

}  // namespace

int main(int argc, char** argv) {
  bool good = true;
  for (const Case& c : make_cases()) {
    if (argc == 3 && c.name != argv[1]) continue;
    const Router router(c.routes);
    good = (argc == 3 ? look_up(router, c.requests, std::strtoul(argv[2], nullptr, 10))
                      : measure(c, router)) &&
           good;
  }
  return good ? 0 : 1;
}
