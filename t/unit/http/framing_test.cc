#include "prox/http/framing.h"

#include <vector>

#include "catch.h"

namespace prox::http {

using base::Errc;
using base::Side;
using Kind = BodyFraming::Kind;

namespace {

struct Line {
  Slice name;  // literals: fields point into them
  Slice value;
};
using Lines = std::vector<Line>;

Fields make_fields(const Lines& lines) {
  Fields fields;
  for (const Line& line : lines) fields.add(line.name, line.value, recognise(line.name));
  return fields;
}

Result<BodyFraming> of_request(const Lines& lines, Version version = Version::Http11) {
  RequestHead head;
  head.version = version;
  head.fields = make_fields(lines);
  return request_framing(head);
}

Result<BodyFraming> of_response(const Lines& lines, int status = 200, Method method = Method::Get,
                                Version version = Version::Http11) {
  ResponseHead head;
  head.version = version;
  head.status = status;
  head.fields = make_fields(lines);
  return response_framing(head, method);
}

struct Refusal {
  Lines lines;
  Errc code;
};

const std::vector<Refusal> kRefusals = {
    // CL.TE and TE.CL
    {{{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}, Errc::BadMessage},
    {{{"Transfer-Encoding", "chunked"}, {"content-length", "5"}}, Errc::BadMessage},
    {{{"Transfer-Encoding", "chunked"}, {"Content-Length", "0"}}, Errc::BadMessage},
    // TE.TE
    {{{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}, Errc::BadMessage},
    {{{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "identity"}}, Errc::BadMessage},
    {{{"Transfer-Encoding", "chunked, chunked"}}, Errc::BadMessage},
    {{{"Transfer-Encoding", "chunked, gzip"}}, Errc::BadMessage},
    {{{"Transfer-Encoding", "chunked, identity"}}, Errc::BadMessage},
    {{{"Transfer-Encoding", "gzip, chunked, chunked"}}, Errc::BadMessage},
    {{{"Transfer-Encoding", ""}}, Errc::BadMessage},
    {{{"Transfer-Encoding", "chunked,"}}, Errc::BadMessage},
    {{{"Transfer-Encoding", ",chunked"}}, Errc::BadMessage},
    {{{"Transfer-Encoding", "chunked;foo"}}, Errc::BadMessage},
    {{{"Transfer-Encoding", "chunked;q=1"}}, Errc::BadMessage},
    {{{"Transfer-Encoding", "chunked ;"}}, Errc::BadMessage},
    {{{"Transfer-Encoding", "\"chunked\""}}, Errc::BadMessage},
    {{{"Transfer-Encoding", "chunked chunked"}}, Errc::BadMessage},
    {{{"Transfer-Encoding", "chunked\x0b"}}, Errc::BadMessage},
    {{{"Transfer-Encoding",
       "\xff"
       "chunked"}},
     Errc::BadMessage},
    {{{"Transfer-Encoding", "identity"}}, Errc::UnknownCoding},
    {{{"Transfer-Encoding", "gzip"}}, Errc::UnknownCoding},
    {{{"Transfer-Encoding", "x, chunked"}}, Errc::UnknownCoding},
    {{{"Transfer-Encoding", "gzip;q=0.5, chunked"}}, Errc::UnknownCoding},
    {{{"Transfer-Encoding", "gzip"}, {"Transfer-Encoding", "chunked"}}, Errc::UnknownCoding},
    {{{"Transfer-Encoding", "xchunked"}}, Errc::UnknownCoding},
    {{{"Transfer-Encoding", "chunkedx"}}, Errc::UnknownCoding},
    // Content-Length
    {{{"Content-Length", "5"}, {"Content-Length", "5"}}, Errc::BadMessage},
    {{{"Content-Length", "5"}, {"Content-Length", "6"}}, Errc::BadMessage},
    {{{"Content-Length", "5, 5"}}, Errc::BadMessage},
    {{{"Content-Length", "5,"}}, Errc::BadMessage},
    {{{"Content-Length", ""}}, Errc::BadMessage},
    {{{"Content-Length", "+5"}}, Errc::BadMessage},
    {{{"Content-Length", "-5"}}, Errc::BadMessage},
    {{{"Content-Length", "-0"}}, Errc::BadMessage},
    {{{"Content-Length", "5 "}}, Errc::BadMessage},
    {{{"Content-Length", "5 5"}}, Errc::BadMessage},
    {{{"Content-Length", "0x5"}}, Errc::BadMessage},
    {{{"Content-Length", "5.0"}}, Errc::BadMessage},
    {{{"Content-Length", "1e3"}}, Errc::BadMessage},
    {{{"Content-Length", "\"5\""}}, Errc::BadMessage},
    {{{"Content-Length", "9223372036854775808"}}, Errc::BadMessage},
    {{{"Content-Length", "18446744073709551616"}}, Errc::BadMessage},
    {{{"Content-Length", "18446744073709551621"}}, Errc::BadMessage},
    {{{"Content-Length", "99999999999999999999999999999999"}}, Errc::BadMessage},
};

}  // namespace

TEST_CASE("framing that could be read in two ways is refused on both sides", "[http][framing]") {
  for (const Refusal& refusal : kRefusals) {
    CAPTURE(refusal.lines.front().name, refusal.lines.front().value, refusal.lines.back().value);
    const Result<BodyFraming> request = of_request(refusal.lines);
    REQUIRE_FALSE(request);
    CHECK(request.error().code == refusal.code);
    CHECK(request.error().side == Side::Downstream);
    const Result<BodyFraming> response = of_response(refusal.lines);
    REQUIRE_FALSE(response);
    CHECK(response.error().code == refusal.code);
    CHECK(response.error().side == Side::Upstream);
  }
}

TEST_CASE("framing that is plain", "[http][framing]") {
  CHECK(of_request({}).value() == BodyFraming{Kind::None, 0});
  CHECK(of_request({{"Content-Type", "5"}}).value() == BodyFraming{Kind::None, 0});
  CHECK(of_request({{"Content-Length", "0"}}).value() == BodyFraming{Kind::Length, 0});
  CHECK(of_request({{"content-length", "0042"}}).value() == BodyFraming{Kind::Length, 42});
  CHECK(of_request({{"Content-Length", "9223372036854775807"}}).value() ==
        BodyFraming{Kind::Length, 9223372036854775807U});
  CHECK(of_request({{"Content-Length", "7"}}, Version::Http10).value() ==
        BodyFraming{Kind::Length, 7});
  CHECK(of_request({{"Transfer-Encoding", "chunked"}}).value() == BodyFraming{Kind::Chunked, 0});
  CHECK(of_request({{"transfer-encoding", "CHUNKED"}}).value() == BodyFraming{Kind::Chunked, 0});
  CHECK_FALSE(BodyFraming{Kind::Length, 0}.has_body());
  CHECK(BodyFraming{Kind::Length, 1}.has_body());
  CHECK(BodyFraming{Kind::Chunked, 0}.has_body());
}

TEST_CASE("chunked does not exist outside HTTP/1.1", "[http][framing]") {
  for (const Version version : {Version::Http10, Version::Http2}) {
    const Result<BodyFraming> request = of_request({{"Transfer-Encoding", "chunked"}}, version);
    REQUIRE_FALSE(request);
    CHECK(request.error().code == Errc::BadMessage);
  }
  CHECK(of_response({{"Transfer-Encoding", "chunked"}}, 200, Method::Get, Version::Http10)
            .error()
            .code == Errc::BadMessage);
}

TEST_CASE("responses end by length, chunks or close", "[http][framing]") {
  CHECK(of_response({}).value() == BodyFraming{Kind::UntilClose, 0});
  CHECK(of_response({{"Content-Length", "3"}}).value() == BodyFraming{Kind::Length, 3});
  CHECK(of_response({{"Transfer-Encoding", "chunked"}}, 500).value() ==
        BodyFraming{Kind::Chunked, 0});
}

TEST_CASE("responses that never have a body", "[http][framing]") {
  const Lines length = {{"Content-Length", "3"}};
  const Lines chunked = {{"Transfer-Encoding", "chunked"}};
  for (const Lines& lines : {Lines{}, length, chunked}) {
    CHECK(of_response(lines, 200, Method::Head).value() == BodyFraming{});
    CHECK(of_response(lines, 404, Method::Head).value() == BodyFraming{});
    for (const int status : {100, 101, 103, 199, 204, 304}) {
      CAPTURE(status);
      CHECK(of_response(lines, status).value() == BodyFraming{});
    }
    CHECK(of_response(lines, 200, Method::Connect).value() == BodyFraming{});
    CHECK(of_response(lines, 299, Method::Connect).value() == BodyFraming{});
  }
  CHECK(of_response(length, 407, Method::Connect).value() == BodyFraming{Kind::Length, 3});
  CHECK(of_response(length, 205).value() == BodyFraming{Kind::Length, 3});
}

TEST_CASE("fields of a response without body must be sound, but for a tunnel's",
          "[http][framing]") {
  const Lines both = {{"Content-Length", "3"}, {"Transfer-Encoding", "chunked"}};
  CHECK(of_response(both, 200, Method::Head).error().code == Errc::BadMessage);
  CHECK(of_response(both, 304).error().code == Errc::BadMessage);
  CHECK(of_response({{"Content-Length", "x"}}, 204).error().code == Errc::BadMessage);
  CHECK(of_response(both, 200, Method::Connect).value() == BodyFraming{});
}

TEST_CASE("who wants to keep the connection", "[http][framing]") {
  const Fields none;
  CHECK(wants_keep_alive(Version::Http11, none));
  CHECK_FALSE(wants_keep_alive(Version::Http10, none));
  CHECK(wants_keep_alive(Version::Http2, none));
  const Fields close = make_fields({{"Connection", "x"}, {"connection", "y ,\tCLOSE"}});
  CHECK_FALSE(wants_keep_alive(Version::Http11, close));
  const Fields keep = make_fields({{"Connection", "Keep-Alive"}});
  CHECK(wants_keep_alive(Version::Http11, keep));
  CHECK(wants_keep_alive(Version::Http10, keep));
  const Fields both = make_fields({{"Connection", "keep-alive, close"}});
  CHECK_FALSE(wants_keep_alive(Version::Http11, both));
  CHECK_FALSE(wants_keep_alive(Version::Http10, both));
  const Fields elsewhere = make_fields({{"Keep-Alive", "close"}, {"X-Connection", "close"}});
  CHECK(wants_keep_alive(Version::Http11, elsewhere));
}

TEST_CASE("connection options are whole members", "[http][framing]") {
  const Fields fields =
      make_fields({{"Connection", "upgrade, x-closed,,"}, {"Connection", " TE "}});
  CHECK(has_connection_option(fields, "upgrade"));
  CHECK(has_connection_option(fields, "te"));
  CHECK(has_connection_option(fields, "x-closed"));
  CHECK_FALSE(has_connection_option(fields, "close"));
  CHECK_FALSE(has_connection_option(fields, "x-close"));
}

}  // namespace prox::http
