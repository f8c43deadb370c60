// Requests and responses of one HTTP/1 connection: order, framing, and whether it is kept (RFC 9112).
#include "prox/downstream/h1_server.h"

#include <string>
#include <vector>

#include "downstream/served.h"

using prox::exchange::Exchange;
using prox::exchange::ServiceLimits;
using prox::test::answer;
using prox::test::answer_with_target;
using prox::test::begin_answer;
using prox::test::body_of;
using prox::test::contains;
using prox::test::count;
using prox::test::kGet;
using prox::test::send_part;
using prox::test::Served;
using prox::test::without_date;
using Kind = prox::http::BodyFraming::Kind;
using Texts = std::vector<std::string>;

TEST_CASE("a request is carried out and answered, and the connection is kept") {
  Served s;
  s.script.on_start = answer_with_target;
  CHECK(without_date(s.send("GET /one HTTP/1.1\r\nHost: a.test\r\n\r\n")) ==
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n/one");
  CHECK(body_of(s.send("GET /two HTTP/1.1\r\nHost: a.test\r\n\r\n")) == "/two");
  CHECK(s.script.started == Texts{"/one", "/two"});
  CHECK(s.script.freed == 2);
  CHECK(s.is_open());
}

TEST_CASE("an exchange knows its service, its client and that its connection is plain") {
  Served s;
  bool looked = false;
  s.script.on_start = [&](Exchange& x) {
    looked = true;
    CHECK(x.service == s.service.get());
    CHECK(x.context == &s.world.context);
    CHECK(x.client_ip == "192.0.2.9");
    CHECK(x.client_tls == nullptr);
    answer(x, "");
  };
  s.send(kGet);
  CHECK(looked);
  CHECK(s.connection().listener() == 3);
}

TEST_CASE("a request that comes byte by byte is the same, and an empty line before it is skipped") {
  Served s;
  s.script.on_start = answer_with_target;
  for (const char& byte : "\r\n" + std::string("GET /slow HTTP/1.1\r\nHost: a.test\r\n\r")) {
    s.client.send({&byte, 1});
    prox::test::turn(s.world.loop);
    CHECK(s.script.started.empty());
  }
  CHECK(body_of(s.send("\n")) == "/slow");
}

TEST_CASE("a head that outgrows a block is read whole") {
  Served s;
  std::string seen;
  s.script.on_start = [&](Exchange& x) {
    seen = x.request.fields.begin()[1].value;
    answer(x, "");
  };
  const std::string cookie(40'000, 'c');
  s.send("GET / HTTP/1.1\r\nHost: a.test\r\nCookie: " + cookie + "\r\n\r\n");
  CHECK(seen == cookie);
}

TEST_CASE("pipelined requests are answered in order") {
  Served s;
  s.script.on_start = answer_with_target;
  std::string requests;
  for (int i = 0; i < 20; ++i)
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a.test\r\n\r\n";
  const std::string answers = s.send(requests);
  std::string bodies;
  for (std::size_t at = answers.find("\r\n\r\n"); at != std::string::npos;
       at = answers.find("\r\n\r\n", at + 4))
    bodies += answers.substr(at + 4, answers.find("HTTP", at) - at - 4);
  CHECK(bodies == "/0/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19");
}

TEST_CASE("a pipelined request waits until the one before it is answered") {
  Served s;
  CHECK(s.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n").empty());
  CHECK(s.script.started == Texts{"/1"});
  answer(*s.script.current, "first");
  CHECK(body_of(s.got()) == "first");
  CHECK(s.script.started == Texts{"/1", "/2"});
  answer(*s.script.current, "second");
  CHECK(body_of(s.got()) == "second");
}

TEST_CASE("a body and the request behind it are kept apart") {
  Served s;
  s.script.on_end = [](Exchange& x) { answer(x, x.request.target); };
  const std::string answers = s.send(
      "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloPOST /2 HTTP/1.1\r\nHost: "
      "a\r\nTransfer-Encoding: "
      "chunked\r\n\r\n2\r\nyo\r\n0\r\nX-T: 1\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(count(answers, "HTTP/1.1 200 OK") == 3);
  CHECK(s.script.body == "helloyo");
  CHECK(s.script.started == Texts{"/1", "/2", "/3"});
}

TEST_CASE("a body is passed on as it comes, then its end and its trailers") {
  Served s;
  s.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(s.script.started.size() == 1);
  s.send("5\r\nhel");
  CHECK(s.script.body == "hel");
  CHECK(s.script.ended == 0);
  s.send("lo\r\n0\r\nX-Sum: 7\r\n\r\n");
  CHECK(s.script.body == "hello");
  CHECK(s.script.ended == 1);
  CHECK(s.script.trailers == "X-Sum: 7\r\n");
  answer(*s.script.current, "done");
  CHECK(body_of(s.got()) == "done");
}

TEST_CASE("a request without a body ends at once") {
  Served s;
  s.send(kGet);
  CHECK(s.script.ended == 1);
  Served empty;
  empty.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  CHECK(empty.script.ended == 1);
}

TEST_CASE("a body that nobody wants yet is left with the client, and goes on when it is wanted") {
  Served s;
  s.script.wants_body = false;
  s.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  s.send("world");
  CHECK(s.script.body.empty());
  s.script.wants_body = true;
  s.script.current->sink->resume_request();
  s.turn();
  CHECK(s.script.body == "helloworld");
  CHECK(s.script.ended == 1);
}

// ---- keeping the connection ----

TEST_CASE(
    "whether a connection is kept follows version, Connection and limits, and is told to the "
    "client") {
  struct Case {
    const char* start;
    const char* option;  // of the request
    bool may_keep;
    bool is_kept;
    const char* told;  // the response's Connection, if any
  };
  for (const auto& [start, option, may_keep, is_kept, told] : {
           Case{"GET / HTTP/1.1", "", true, true, ""},
           Case{"GET / HTTP/1.1", "Connection: keep-alive\r\n", true, true, ""},
           Case{"GET / HTTP/1.1", "Connection: close\r\n", true, false, "close"},
           Case{"GET / HTTP/1.1", "Connection: x, CLOSE\r\n", true, false, "close"},
           Case{"GET / HTTP/1.1", "", false, false, "close"},
           Case{"GET / HTTP/1.0", "", true, false, "close"},
           Case{"GET / HTTP/1.0", "Connection: Keep-Alive\r\n", true, true, "keep-alive"},
           Case{"GET / HTTP/1.0", "Connection: keep-alive\r\n", false, false, "close"},
           Case{"GET / HTTP/1.0", "Connection: keep-alive, close\r\n", true, false, "close"},
       }) {
    CAPTURE(start, option, may_keep);
    Served s;
    s.host.keeps = may_keep;
    s.script.on_start = answer_with_target;
    const std::string response = s.send(std::string(start) + "\r\nHost: a\r\n" + option + "\r\n");
    CHECK(response.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(s.is_open() == is_kept);
    CHECK_FALSE(s.client.was_reset());
    if (*told != '\0') {
      CHECK(contains(response, "\r\nConnection: " + std::string(told) + "\r\n"));
    } else {
      CHECK_FALSE(contains(response, "\r\nConnection:"));
    }
  }
}

TEST_CASE(
    "a connection closes after its last permitted request, and what is pipelined behind it is not "
    "carried out") {
  ServiceLimits limits;
  limits.max_requests_per_conn = 2;
  Served s(limits);
  s.script.on_start = answer_with_target;
  const std::string answers = s.send(kGet + kGet + kGet);
  CHECK(count(answers, "HTTP/1.1 200") == 2);
  CHECK(count(answers, "Connection: close") == 1);
  CHECK(s.script.started.size() == 2);
  CHECK(s.wait_closed());
  CHECK_FALSE(s.client.was_reset());
}

TEST_CASE("a client that closes after its request gets its answer") {
  Served s;
  s.script.on_start = answer_with_target;
  s.client.send(kGet);
  s.client.shut_down_writes();
  CHECK(body_of(s.got()) == "/");
  CHECK(s.client.ended());
}

TEST_CASE("a client that closes before it is answered has gone: the handler is let go") {
  for (const bool reset : {false, true}) {
    CAPTURE(reset);
    Served s;
    s.send(kGet);
    REQUIRE(s.script.current != nullptr);
    if (reset) {
      s.client.reset();
    } else {
      s.client.close();
    }
    CHECK(s.run_until([&] { return s.host.closed == 1; }));
    s.turn();
    CHECK(s.script.freed == 1);
    CHECK(s.row().active_requests == 0);
    CHECK(s.row().connections == 0);
    CHECK(s.world.blocks.in_use() == 0);
  }
}

TEST_CASE("a client whose reset comes together with its request has gone, too") {
  Served s;
  s.client.send(kGet);
  s.client.reset();
  CHECK(s.run_until([&] { return s.host.closed == 1; }));
  CHECK(s.script.freed == static_cast<int>(s.script.started.size()));
}

TEST_CASE("a client that half-closes within a body that was answered already gets its answer") {
  Served s;
  s.script.on_start = answer_with_target;
  s.client.send("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  s.client.shut_down_writes();
  REQUIRE(s.wait_closed());
  CHECK(body_of(s.client.received()) == "/early");
}

TEST_CASE("a client that closes within its body has gone") {
  Served s;
  s.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  s.client.close();
  CHECK(s.run_until([&] { return s.host.closed == 1; }));
  CHECK(s.script.ended == 0);
}

TEST_CASE(
    "an answer that is ready leaves before the connection ends over the torn request behind it") {
  Served s;
  s.script.on_start = answer_with_target;
  s.client.send(kGet + "GET /torn HTT");
  s.client.shut_down_writes();
  REQUIRE(s.wait_closed());
  CHECK(body_of(s.client.take()) == "/");
  CHECK(s.script.started == Texts{"/"});
}

// ---- bodies that are not read ----

TEST_CASE(
    "a body that the answer did not wait for is read and dropped, and the connection is kept") {
  Served s;
  s.script.on_start = answer_with_target;
  s.client.send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n");
  CHECK(body_of(s.got()) == "/1");
  std::string_view rest;
  const std::string body = std::string(200'000, 'b') + "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
  rest = body;
  REQUIRE(s.run_until([&] {
    rest = s.client.send_some(rest);
    return rest.empty();
  }));
  REQUIRE(s.run_until([&] {
    s.client.read();
    return s.client.received().ends_with("/2");
  }));
  CHECK(s.script.body.empty());
  CHECK(s.script.started == Texts{"/1", "/2"});
}

TEST_CASE("a body that is too much to drop ends the connection, without taking the answer away") {
  Served s;
  s.script.on_start = answer_with_target;
  s.client.send("POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string_view rest;
  std::string body;
  for (int i = 0; i < 40; ++i) body += "2800\r\n" + std::string(0x2800, 'b') + "\r\n";
  rest = body;
  REQUIRE(s.run_until([&] {
    rest = s.client.send_some(rest);
    s.client.read();
    return s.client.ended() || s.client.was_reset();
  }));
  CHECK(s.client.ended());
  CHECK(body_of(s.client.received()) == "/1");
  CHECK(s.script.started.size() == 1);
}

TEST_CASE(
    "an answer in the middle of a body is the same: the rest is dropped, the connection is kept") {
  Served s;
  s.script.on_body = [](Exchange& x) {
    if (!x.head_sent) answer(x, "enough");
  };
  CHECK(body_of(s.send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")) ==
        "enough");
  s.script.on_start = answer_with_target;
  CHECK(body_of(s.send("worldGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")) == "/2");
  CHECK(s.script.body == "hello");
}

TEST_CASE(
    "an answer in the middle of a body needs no other event to go on with what is already there") {
  Served s;
  s.script.on_start = [](Exchange& x) {
    if (x.request.target == "/2") answer(x, "second");
  };
  s.script.on_body = [](Exchange& x) {
    if (!x.head_sent) answer(x, "first");
  };
  // More than one read takes: what is left in the kernel brings no event of its own.
  s.client.send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" +
                std::string(100'000, 'b') + "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(s.run_until([&] {
    s.client.read();
    return s.client.received().ends_with("second");
  }));
  CHECK(contains(s.client.received(), "first"));
}

TEST_CASE(
    "a client that waits for 100 and gets a final answer gets the connection closed, since its "
    "body may or may not come") {
  Served s;
  s.script.on_start = answer_with_target;
  const std::string response =
      s.send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  CHECK(contains(response, "Connection: close\r\n"));
  CHECK(s.wait_closed());
}

TEST_CASE("a client that waited for 100 and got it sends its body, and the connection is kept") {
  Served s;
  s.script.on_start = [](Exchange& x) {
    x.response.status = 100;
    x.response.reason = "Continue";
    x.sink->send_interim(x.response);
    x.sink->flush();
    x.response.clear();
  };
  s.script.on_end = [](Exchange& x) { answer(x, "thanks"); };
  CHECK(s.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n") ==
        "HTTP/1.1 100 Continue\r\n\r\n");
  const std::string response = s.send("hello");
  CHECK(body_of(response) == "thanks");
  CHECK_FALSE(contains(response, "Connection: close"));
  CHECK(s.script.body == "hello");
  CHECK(s.is_open());
}

// ---- requests that cannot be carried out ----

TEST_CASE(
    "a request that cannot be understood is answered, and ends the connection without a reset") {
  struct Case {
    std::string request;
    const char* status;
  };
  for (const auto& [request, status] : {
           Case{"nonsense\r\n\r\n", "400"},
           Case{"GET / HTTP/1.1\r\n\r\n", "400"},
           Case{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
           Case{"GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n", "400"},
           Case{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
                "400"},
           Case{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: "
                "chunked\r\n\r\n0\r\n\r\n",
                "400"},
           Case{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "501"},
           Case{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505"},
           Case{"GET /" + std::string(17'000, 'u') + " HTTP/1.1\r\nHost: a\r\n\r\n", "414"},
           Case{"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n", "431"},
       }) {
    CAPTURE(request.substr(0, 80));
    Served s;
    s.script.on_start = answer_with_target;
    const std::string_view behind = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    s.client.send(request);
    s.client.send_some(behind);
    REQUIRE(s.wait_closed());
    CHECK(s.client.received().starts_with("HTTP/1.1 " + std::string(status) + " "));
    CHECK(contains(s.client.received(), "\r\nConnection: close\r\n"));
    CHECK(count(s.client.received(), "HTTP/1.1 ") == 1);
    CHECK(s.script.started.empty());
    CHECK(s.client.ended());
  }
}

TEST_CASE("a chunk that cannot be understood is 400, and the handler is let go") {
  Served s;
  s.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  s.client.send("zz\r\n");
  REQUIRE(s.wait_closed());
  CHECK(s.client.received().starts_with("HTTP/1.1 400 "));
  CHECK(s.script.freed == 1);
  CHECK(s.script.ended == 0);
}

TEST_CASE("a chunk that cannot be understood cuts a response that has begun") {
  Served s;
  s.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  begin_answer(*s.script.current, 200, {Kind::Chunked, 0});
  send_part(*s.script.current, "half");
  s.client.send("zz\r\n");
  REQUIRE(s.wait_closed());
  CHECK(count(s.client.received(), "HTTP/1.1 ") == 1);
  CHECK_FALSE(contains(s.client.received(), "0\r\n\r\n"));
}

TEST_CASE("a body above the limit is 413: by its length before it comes, or when it has come") {
  ServiceLimits limits;
  limits.max_body_bytes = 10;
  {
    Served s(limits);
    s.client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
    REQUIRE(s.run_until([&] {
      s.client.read();
      return !s.client.received().empty();
    }));
    CHECK(s.client.received().starts_with("HTTP/1.1 413 "));
    CHECK(s.script.started.empty());
  }
  {
    Served s(limits);
    s.client.send(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello "
        "\r\n6\r\nworld!\r\n");
    REQUIRE(s.wait_closed());
    CHECK(s.client.received().starts_with("HTTP/1.1 413 "));
  }
  Served s(limits);
  s.script.on_end = [](Exchange& x) { answer(x, "fits"); };
  CHECK(body_of(s.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789")) ==
        "fits");
}

TEST_CASE("an expectation that is not known is 417; a GET's connection goes on") {
  Served s;
  s.script.on_start = answer_with_target;
  CHECK(s.send("GET / HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n").starts_with("HTTP/1.1 417 "));
  CHECK(s.script.started.empty());
  CHECK(body_of(s.send(kGet)) == "/");
}

// ---- what is counted and kept ----

TEST_CASE("an idle connection holds no block") {
  Served s;
  s.script.on_start = answer_with_target;
  s.turn();
  CHECK(s.world.blocks.in_use() == 0);
  s.send(kGet);
  CHECK(s.connection().is_idle());
  CHECK(s.world.blocks.in_use() == 0);
  s.script.on_start = [](Exchange&) {};
  s.script.on_end = [](Exchange& x) { answer(x, "ok"); };
  s.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  CHECK(s.world.blocks.in_use() == 0);
}

TEST_CASE("connections, requests, responses and bytes are counted") {
  Served s;
  CHECK(s.row().connections == 1);
  CHECK(s.row().connections_total == 1);
  s.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  CHECK(s.row().active_requests == 1);
  CHECK(s.row().requests_total == 1);
  CHECK(s.row().bytes_in == 5);
  answer(*s.script.current, "bye", 404);
  s.turn();
  CHECK(s.row().active_requests == 0);
  CHECK(s.row().responses_total[4] == 1);
  CHECK(s.row().bytes_out == 3);
  s.script.on_start = answer_with_target;
  s.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(s.row().requests_total == 2);
  CHECK(s.row().responses_total[2] == 1);
  CHECK(s.row().bytes_out == 3);
  s.client.close();
  CHECK(s.run_until([&] { return s.host.closed == 1; }));
  CHECK(s.row().connections == 0);
  CHECK(s.row().connections_total == 1);
}
