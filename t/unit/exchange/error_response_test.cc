#include "prox/exchange/error_response.h"

#include <string>

#include "exchange/world.h"

using prox::base::Errc;
using prox::base::Error;
using prox::base::Side;
using prox::exchange::status_of;

namespace {

Error error(Errc code, Side side) { return Error{code, side, false, 0, "being tested"}; }

// An exchange that has read a request, and its client.
struct Begun {
  Begun() {
    x.context = &world.context;
    x.service = service.get();
    x.sink = &sink;
    prox::test::read_request(x, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  }
  prox::test::World world;
  std::unique_ptr<prox::exchange::Service> service = prox::test::service_with(nullptr);
  prox::test::RecordingSink sink;
  prox::exchange::Exchange x;
};

}  // namespace

TEST_CASE("what is the target's fault is 502, or 504 if it took too long") {
  for (int code = 0; code <= static_cast<int>(Errc::BadData); ++code) {
    const auto errc = static_cast<Errc>(code);
    CAPTURE(prox::base::to_word(errc));
    CHECK(status_of(error(errc, Side::Upstream)) == (prox::base::is_time_out(errc) ? 504 : 502));
  }
}

TEST_CASE("what is the client's fault has a status of its own") {
  struct Case {
    Errc code;
    int status;
  };
  for (const auto& [code, status] : {
           Case{Errc::BadMessage, 400},
           Case{Errc::NoRoute, 404},
           Case{Errc::TimedOut, 408},
           Case{Errc::BodyTooLarge, 413},
           Case{Errc::UriTooLong, 414},
           Case{Errc::UnknownExpectation, 417},
           Case{Errc::Misdirected, 421},
           Case{Errc::HeadTooLarge, 431},
           Case{Errc::UnknownCoding, 501},
           Case{Errc::BadVersion, 505},
       }) {
    CAPTURE(prox::base::to_word(code));
    CHECK(status_of(error(code, Side::Downstream)) == status);
  }
}

TEST_CASE("what is our fault is 500, and what we cannot do is 501") {
  CHECK(status_of(error(Errc::SystemCall, Side::Internal)) == 500);
  CHECK(status_of(error(Errc::BadData, Side::Internal)) == 500);
  CHECK(status_of(error(Errc::NotSupported, Side::Internal)) == 501);
}

TEST_CASE("every error has a status that is an error") {
  for (int code = 0; code <= static_cast<int>(Errc::BadData); ++code) {
    for (const Side side : {Side::Downstream, Side::Upstream, Side::Internal}) {
      const int status = status_of(error(static_cast<Errc>(code), side));
      CHECK(status >= 400);
      CHECK(status <= 599);
    }
  }
}

TEST_CASE("an error is answered with its reason as text") {
  Begun begun;
  prox::exchange::fail(begun.x, error(Errc::NoRoute, Side::Downstream));
  CHECK(
      begun.sink.head ==
      "404 Not Found\nContent-Type: text/plain; charset=utf-8\nX-Content-Type-Options: nosniff\n");
  CHECK(begun.sink.framing == prox::http::BodyFraming{prox::http::BodyFraming::Kind::Length, 10});
  CHECK(begun.sink.body == "Not Found\n");
  CHECK(begun.sink.ended);
  CHECK(begun.sink.flushes > 0);
  CHECK(begun.x.head_sent);
}

TEST_CASE("the connection ends with what makes the rest of it unreadable, and only with that") {
  struct Case {
    Errc code;
    Side side;
    bool closes;
  };
  for (const auto& [code, side, closes] : {
           Case{Errc::BadMessage, Side::Downstream, true},
           Case{Errc::HeadTooLarge, Side::Downstream, true},
           Case{Errc::BodyTooLarge, Side::Downstream, true},
           Case{Errc::TimedOut, Side::Downstream, true},
           Case{Errc::NoRoute, Side::Downstream, false},
           Case{Errc::UnknownExpectation, Side::Downstream, false},
           Case{Errc::ConnectFailed, Side::Upstream, false},
           Case{Errc::HeadTimedOut, Side::Upstream, false},
           Case{Errc::NotSupported, Side::Internal, false},
       }) {
    CAPTURE(prox::base::to_word(code));
    Begun begun;
    prox::exchange::fail(begun.x, error(code, side));
    CHECK(begun.sink.closes == closes);
  }
}

TEST_CASE("once the response has begun, it is cut so that it cannot look whole") {
  Begun begun;
  begun.x.head_sent = true;
  prox::exchange::fail(begun.x, error(Errc::PeerClosed, Side::Downstream));
  CHECK(begun.sink.cut);
  CHECK(begun.sink.status == 0);
  CHECK_FALSE(begun.sink.ended);
}

TEST_CASE("what a failed response left in its head is not in the answer") {
  Begun begun;
  begun.x.response.status = 200;
  begun.x.response.fields.add("X-Old", "1", prox::http::FieldId::Other);
  prox::exchange::fail(begun.x, error(Errc::NoRoute, Side::Downstream));
  CHECK(begun.sink.head.find("X-Old") == std::string::npos);
}
