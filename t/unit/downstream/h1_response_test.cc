// Responses of an HTTP/1 connection: framing, cuts, and a client that does not read (RFC 9112 §6, §7).
#include <string>

#include "downstream/served.h"

using prox::exchange::Exchange;
using prox::exchange::ServiceLimits;
using prox::test::answer;
using prox::test::begin_answer;
using prox::test::body_of;
using prox::test::contains;
using prox::test::count;
using prox::test::end_answer;
using prox::test::kGet;
using prox::test::send_part;
using prox::test::Served;
using prox::test::without_date;
using Kind = prox::http::BodyFraming::Kind;

TEST_CASE("what has no body gets none, and the length that a GET would have") {
  Served s;
  s.script.on_start = [](Exchange& x) { answer(x, "hello"); };
  CHECK(without_date(s.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")) ==
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  CHECK(s.is_open());

  s.script.on_start = [](Exchange& x) {
    begin_answer(x, 204, {Kind::Length, 0});
    end_answer(x);
  };
  CHECK(without_date(s.send(kGet)) == "HTTP/1.1 204 No Content\r\n\r\n");

  s.script.on_start = [](Exchange& x) {
    x.response.fields.add("Content-Length", "1000", prox::http::FieldId::ContentLength);
    begin_answer(x, 304, {});
    end_answer(x);
  };
  CHECK(without_date(s.send(kGet)) == "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n");
  CHECK(s.is_open());
}

TEST_CASE("an answer of a head alone has the length 0") {
  Served s;
  s.script.on_start = [](Exchange& x) {
    begin_answer(x, 200, {});
    end_answer(x);
  };
  CHECK(without_date(s.send(kGet)) == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  CHECK(s.is_open());
}

TEST_CASE("a body of unknown length is chunked for HTTP/1.1, whatever the target used") {
  for (const Kind kind : {Kind::Chunked, Kind::UntilClose}) {
    Served s;
    s.script.on_start = [&](Exchange& x) {
      begin_answer(x, 200, {kind, 0});
      send_part(x, "hello ");
      send_part(x, "");
      send_part(x, std::string(26, 'w'));
      end_answer(x, "X-Sum: 7\r\n");
    };
    CHECK(without_date(s.send(kGet)) ==
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n1a\r\n" +
              std::string(26, 'w') + "\r\n0\r\nX-Sum: 7\r\n\r\n");
    CHECK(s.is_open());
  }
}

TEST_CASE(
    "a body of unknown length ends with the connection for HTTP/1.0, even if that asked to keep "
    "it") {
  for (const Kind kind : {Kind::Chunked, Kind::UntilClose}) {
    Served s;
    s.script.on_start = [&](Exchange& x) {
      begin_answer(x, 200, {kind, 0});
      send_part(x, "hello ");
      send_part(x, "world");
      end_answer(x, "X-Sum: 7\r\n");
    };
    CHECK(without_date(s.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")) ==
          "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello world");
    CHECK(s.wait_closed());
    CHECK_FALSE(s.client.was_reset());
  }
}

TEST_CASE("a HEAD answered with a body of unknown length has neither chunks nor an end of them") {
  Served s;
  s.script.on_start = [](Exchange& x) {
    begin_answer(x, 200, {Kind::Chunked, 0});
    send_part(x, "never sent");
    end_answer(x);
  };
  const std::string response = s.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(response.ends_with("\r\n\r\n"));
  CHECK(body_of(response).empty());
  CHECK(s.is_open());
}

TEST_CASE("a Date that is there stays, and is the only one") {
  Served s;
  s.script.on_start = [](Exchange& x) {
    x.response.fields.add("Date", "Thu, 01 Jan 1970 00:00:00 GMT", prox::http::FieldId::Date);
    answer(x, "");
  };
  const std::string response = s.send(kGet);
  CHECK(count(response, "Date: ") == 1);
  CHECK(contains(response, "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"));
}

TEST_CASE(
    "interim responses reach HTTP/1.1 clients before the final one, and HTTP/1.0 clients never") {
  const auto hint_then_answer = [](Exchange& x) {
    x.response.status = 103;
    x.response.reason = "Early Hints";
    x.response.fields.add("Link", "</a>", prox::http::FieldId::Other);
    x.sink->send_interim(x.response);
    x.sink->flush();
    x.response.clear();
    answer(x, "ok");
  };
  Served s;
  s.script.on_start = hint_then_answer;
  CHECK(without_date(s.send(kGet)) ==
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
        "2\r\n\r\nok");
  Served old;
  old.script.on_start = hint_then_answer;
  CHECK_FALSE(contains(old.send("GET / HTTP/1.0\r\n\r\n"), "103"));
}

TEST_CASE("a response that cannot be completed is cut so that it does not look whole") {
  SECTION("chunked: no last chunk") {
    Served s;
    s.send(kGet);
    begin_answer(*s.script.current, 200, {Kind::Chunked, 0});
    send_part(*s.script.current, "half");
    s.script.current->sink->cut_response();
    REQUIRE(s.wait_closed());
    CHECK(contains(s.client.received(), "4\r\nhalf\r\n"));
    CHECK_FALSE(contains(s.client.received(), "0\r\n\r\n"));
  }
  SECTION("of known length: too short") {
    Served s;
    s.send(kGet);
    begin_answer(*s.script.current, 200, {Kind::Length, 10});
    send_part(*s.script.current, "half");
    s.script.current->sink->cut_response();
    REQUIRE(s.wait_closed());
    CHECK(body_of(s.client.received()) == "half");
  }
  SECTION("ended by the connection: a reset") {
    Served s;
    s.send("GET / HTTP/1.0\r\n\r\n");
    begin_answer(*s.script.current, 200, {Kind::UntilClose, 0});
    send_part(*s.script.current, "half");
    s.turn();
    s.script.current->sink->cut_response();
    REQUIRE(s.wait_closed());
    CHECK(s.client.was_reset());
  }
}

TEST_CASE(
    "a client that does not read backs its response up, and the handler is told when it reads "
    "again") {
  Served s;
  s.send(kGet);
  Exchange& x = *s.script.current;
  begin_answer(x, 200, {Kind::Chunked, 0});
  CHECK_FALSE(x.sink->is_backed_up());
  std::size_t sent = 0;
  const std::string part(64 * 1024, 'p');
  while (!x.sink->is_backed_up()) {
    send_part(x, part);
    sent += part.size();
    REQUIRE(sent < (64U << 20));
  }
  s.turn();
  CHECK(s.script.drained == 0);
  REQUIRE(s.run_until([&] {
    s.client.read();
    return s.script.drained > 0;
  }));
  CHECK_FALSE(x.sink->is_backed_up());
  CHECK(s.script.drained == 1);
  end_answer(x);
  REQUIRE(s.run_until([&] {
    s.client.read();
    return s.client.received().ends_with("0\r\n\r\n");
  }));
}

TEST_CASE("a client that sends requests and reads no answers waits until it does") {
  ServiceLimits limits;
  limits.max_requests_per_conn = 0;
  Served s(limits);
  const std::string large(20'000, 'x');
  s.script.on_start = [&](Exchange& x) { answer(x, large); };
  std::string requests;
  for (int i = 0; i < 2000; ++i) requests += kGet;
  std::string_view rest = requests;
  for (int i = 0; i < 20; ++i) {
    rest = s.client.send_some(rest);
    s.turn();
  }
  CHECK(s.script.started.size() < 1000);
  CHECK(s.world.blocks.in_use() < 100);
  std::size_t got = 0;
  REQUIRE(s.run_until([&] {
    rest = s.client.send_some(rest);
    got += s.client.take().size();
    return s.script.started.size() == 2000 && got >= 2000 * large.size();
  }));
}
