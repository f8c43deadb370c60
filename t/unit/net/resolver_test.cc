#include "prox/net/resolver.h"

#include <optional>
#include <string>
#include <vector>

#include "net/fake_dns.h"

using prox::base::Errc;
using prox::base::Side;
using prox::net::AddressList;
using prox::net::Loop;
using prox::net::Resolver;
using prox::net::ResolveWait;
using prox::net::Result;
using prox::test::FakeDns;
using prox::test::run_until;
using prox::test::settle;

namespace {

std::vector<std::string> texts(const Result<AddressList>& addresses) {
  std::vector<std::string> made;
  if (!addresses) return {std::string(prox::base::to_word(addresses.error().code))};
  for (const auto& address : *addresses) made.push_back(address.text());
  return made;
}

using Texts = std::vector<std::string>;

// Asks once and keeps what came, at once or later.
struct Asker {
  const Result<AddressList>* ask(Resolver& resolver, std::string_view host,
                                 std::uint16_t port = 80) {
    const Result<AddressList>* known = resolver.lookup(
        host, port, wait,
        [](void* self, const Result<AddressList>& addresses) {
          auto* asker = static_cast<Asker*>(self);
          ++asker->calls;
          asker->answer = addresses;
        },
        this);
    if (known != nullptr) answer = *known;
    return known;
  }
  Texts got() const { return answer ? texts(*answer) : Texts{"nothing"}; }

  ResolveWait wait;
  std::optional<Result<AddressList>> answer;
  int calls = 0;
};

struct Names {
  Loop loop;
  FakeDns dns{loop};
  Resolver resolver{loop, dns.servers()};
};

}  // namespace

TEST_CASE("a literal is known at once, with its port, and nobody is asked") {
  Names names;
  Asker v4;
  REQUIRE(v4.ask(names.resolver, "192.0.2.1", 8080) != nullptr);
  CHECK(v4.got() == Texts{"192.0.2.1:8080"});
  Asker v6;
  REQUIRE(v6.ask(names.resolver, "2001:db8::1", 443) != nullptr);
  CHECK(v6.got() == Texts{"[2001:db8::1]:443"});
  CHECK_FALSE(v4.wait.is_waiting());
  settle(names.loop);
  CHECK(names.dns.asked.empty());
  CHECK(v4.calls == 0);
}

TEST_CASE("localhost needs no server") {
  Names names;
  Asker asker;
  asker.ask(names.resolver, "localhost", 81);
  REQUIRE(run_until(names.loop, [&] { return asker.answer.has_value(); }));
  bool has_v4 = false;
  for (const std::string& text : asker.got()) has_v4 = has_v4 || text == "127.0.0.1:81";
  CHECK(has_v4);
  CHECK(names.dns.asked.empty());
}

TEST_CASE("a name gives all its addresses, each with the port") {
  Names names;
  names.dns.names["two.test"] = {{"127.0.0.2", "127.0.0.3"}};
  Asker asker;
  CHECK(asker.ask(names.resolver, "two.test", 8080) == nullptr);
  CHECK(asker.wait.is_waiting());
  REQUIRE(run_until(names.loop, [&] { return asker.calls > 0; }));
  CHECK_FALSE(asker.wait.is_waiting());
  CHECK(asker.got() == Texts{"127.0.0.2:8080", "127.0.0.3:8080"});
  settle(names.loop);
  CHECK(asker.calls == 1);
}

TEST_CASE("an answer is kept: the next one who asks has it at once") {
  Names names;
  names.dns.names["one.test"] = {{"127.0.0.2"}};
  Asker first;
  first.ask(names.resolver, "one.test");
  REQUIRE(run_until(names.loop, [&] { return first.calls > 0; }));
  const int asked = names.dns.asked["one.test"];
  Asker second;
  REQUIRE(second.ask(names.resolver, "one.test") != nullptr);
  CHECK(second.got() == Texts{"127.0.0.2:80"});
  settle(names.loop);
  CHECK(names.dns.asked["one.test"] == asked);
  CHECK(second.calls == 0);
}

TEST_CASE("an answer is kept for a second at least, though its TTL is 0") {
  Names names;
  names.dns.names["zero.test"] = {{"127.0.0.2"}, false, 0, 0};
  Asker first;
  first.ask(names.resolver, "zero.test");
  REQUIRE(run_until(names.loop, [&] { return first.calls > 0; }));
  Asker second;
  CHECK(second.ask(names.resolver, "zero.test") != nullptr);
}

TEST_CASE("all who wait for a name share one question") {
  Names names;
  names.dns.names["one.test"] = {{"127.0.0.2"}};
  Asker alone;
  alone.ask(names.resolver, "one.test");
  REQUIRE(run_until(names.loop, [&] { return alone.calls > 0; }));
  const int for_one = names.dns.asked["one.test"];

  names.dns.names["many.test"] = {{"127.0.0.3"}};
  std::vector<Asker> askers(5);
  for (Asker& asker : askers) asker.ask(names.resolver, "many.test");
  REQUIRE(run_until(names.loop, [&] { return askers.front().calls > 0; }));
  for (const Asker& asker : askers) {
    CHECK(asker.calls == 1);
    CHECK(asker.got() == Texts{"127.0.0.3:80"});
  }
  CHECK(names.dns.asked["many.test"] == for_one);
}

TEST_CASE(
    "a name that does not exist fails, on the upstream's side, and is not asked for again at "
    "once") {
  Names names;
  Asker asker;
  asker.ask(names.resolver, "gone.test");
  REQUIRE(run_until(names.loop, [&] { return asker.calls > 0; }));
  REQUIRE(asker.answer.has_value());
  REQUIRE_FALSE(asker.answer->has_value());
  CHECK(asker.answer->error().code == Errc::ResolveFailed);
  CHECK(asker.answer->error().side == Side::Upstream);
  const int asked = names.dns.asked["gone.test"];
  Asker again;
  REQUIRE(again.ask(names.resolver, "gone.test") != nullptr);
  CHECK(again.got() == Texts{"resolve_failed"});
  settle(names.loop);
  CHECK(names.dns.asked["gone.test"] == asked);
}

TEST_CASE("a name without addresses fails") {
  Names names;
  names.dns.names["empty.test"] = {};
  Asker asker;
  asker.ask(names.resolver, "empty.test");
  REQUIRE(run_until(names.loop, [&] { return asker.calls > 0; }));
  CHECK(asker.got() == Texts{"resolve_failed"});
}

TEST_CASE("a wait that is cancelled, or goes away, is not called; the others are") {
  Names names;
  names.dns.names["one.test"] = {{"127.0.0.2"}};
  Asker first;
  Asker cancelled;
  Asker last;
  first.ask(names.resolver, "one.test");
  cancelled.ask(names.resolver, "one.test");
  {
    Asker short_lived;
    short_lived.ask(names.resolver, "one.test");
  }
  last.ask(names.resolver, "one.test");
  cancelled.wait.cancel();
  CHECK_FALSE(cancelled.wait.is_waiting());
  REQUIRE(run_until(names.loop, [&] { return first.calls > 0 && last.calls > 0; }));
  CHECK(cancelled.calls == 0);
}

TEST_CASE("who is called may cancel another who waits") {
  Names names;
  names.dns.names["one.test"] = {{"127.0.0.2"}};
  struct Pair {
    static void call(void* self, const Result<AddressList>&) {
      auto* pair = static_cast<Pair*>(self);
      ++pair->calls;
      pair->a.cancel();
      pair->b.cancel();
    }
    ResolveWait a;
    ResolveWait b;
    int calls = 0;
  } pair;
  names.resolver.lookup("one.test", 80, pair.a, &Pair::call, &pair);
  names.resolver.lookup("one.test", 80, pair.b, &Pair::call, &pair);
  REQUIRE(run_until(names.loop, [&] { return pair.calls > 0; }));
  settle(names.loop);
  CHECK(pair.calls == 1);
}

TEST_CASE("the same name with another port is another address") {
  Names names;
  names.dns.names["one.test"] = {{"127.0.0.2"}};
  Asker a;
  Asker b;
  a.ask(names.resolver, "one.test", 80);
  b.ask(names.resolver, "one.test", 81);
  REQUIRE(run_until(names.loop, [&] { return a.calls > 0 && b.calls > 0; }));
  CHECK(a.got() == Texts{"127.0.0.2:80"});
  CHECK(b.got() == Texts{"127.0.0.2:81"});
}

TEST_CASE("a resolver can end while it is asking") {
  Loop loop;
  FakeDns dns(loop);
  dns.names["silent.test"].is_silent = true;
  Asker asker;
  {
    Resolver resolver(loop, dns.servers());
    asker.ask(resolver, "silent.test");
    REQUIRE(run_until(loop, [&] { return dns.asked["silent.test"] > 0; }));
  }
  CHECK_FALSE(asker.wait.is_waiting());
  settle(loop);
  CHECK(asker.calls == 0);
}

TEST_CASE("when the server fails, the last good answer serves on") {
  Names names;
  names.dns.names["one.test"] = {{"127.0.0.2"}, false, 0, 1};
  Asker first;
  first.ask(names.resolver, "one.test");
  REQUIRE(run_until(names.loop, [&] { return first.calls > 0; }));
  names.dns.names["one.test"].rcode = 2;  // SERVFAIL
  const int asked = names.dns.asked["one.test"];
  // Its TTL is the shortest that is heeded: a second. Then it is asked for again, and the old answer is still given.
  REQUIRE(run_until(names.loop, [&] {
    Asker again;
    REQUIRE(again.ask(names.resolver, "one.test") != nullptr);
    CHECK(again.got() == Texts{"127.0.0.2:80"});
    return names.dns.asked["one.test"] > asked;
  }));
  settle(names.loop);
  Asker after;
  REQUIRE(after.ask(names.resolver, "one.test") != nullptr);
  CHECK(after.got() == Texts{"127.0.0.2:80"});
}
