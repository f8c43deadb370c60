#include "prox/http/h1_parser.h"

#include <list>
#include <string>
#include <vector>

#include "catch.h"
#include "feeding.h"

namespace prox::http {

using base::Errc;
using base::Side;
using Progress = H1Parser::Progress;

namespace {

// Feeds it whole and in pieces, which must make no difference, and returns what came of it.
template <typename Head>
test::Outcome feed_every_way(const std::string& bytes, HeadLimits limits = {}) {
  CAPTURE(bytes);
  const test::Outcome whole = test::feed<Head>(bytes, bytes.size() + 1, limits);
  for (const std::size_t step : {1, 2, 3, 7}) {
    const test::Outcome pieces = test::feed<Head>(bytes, step, limits);
    CHECK(pieces.error == whole.error);
    CHECK(pieces.head_bytes == whole.head_bytes);
    CHECK(pieces.head == whole.head);
  }
  return whole;
}

void check_request_error(const std::string& bytes, Errc expected, HeadLimits limits = {}) {
  CAPTURE(bytes);
  const test::Outcome outcome = feed_every_way<RequestHead>(bytes, limits);
  REQUIRE(outcome.error.has_value());
  CHECK(*outcome.error == expected);
  CHECK(*outcome.at_fault == Side::Downstream);
}

void check_response_error(const std::string& bytes, Errc expected, HeadLimits limits = {}) {
  CAPTURE(bytes);
  const test::Outcome outcome = feed_every_way<ResponseHead>(bytes, limits);
  REQUIRE(outcome.error.has_value());
  CHECK(*outcome.error == expected);
  CHECK(*outcome.at_fault == Side::Upstream);
}

// A place for bytes that lasts as long as the heads that point into it.
Slice keep(const std::string& bytes) {
  static std::list<std::string> kept;
  return kept.emplace_back(bytes);
}

// The head of a request that must be fine, after it was fed in every way.
RequestHead request(const std::string& bytes) {
  CAPTURE(bytes);
  REQUIRE(feed_every_way<RequestHead>(bytes).is_done);
  RequestHead head;
  H1Parser parser(Side::Downstream);
  REQUIRE(parser.parse_request(keep(bytes), head).value() == Progress::Done);
  return head;
}

ResponseHead response(const std::string& bytes) {
  CAPTURE(bytes);
  REQUIRE(feed_every_way<ResponseHead>(bytes).is_done);
  ResponseHead head;
  H1Parser parser(Side::Upstream);
  REQUIRE(parser.parse_response(keep(bytes), head).value() == Progress::Done);
  return head;
}

std::string with_line(const std::string& line) {
  return "GET / HTTP/1.1\r\nHost: a.test\r\n" + line + "\r\n\r\n";
}

std::string with_nul(std::string text) {
  for (char& c : text) c = c == '@' ? '\0' : c;
  return text;
}

}  // namespace

TEST_CASE("a request in origin-form", "[http][h1_parser]") {
  const std::string bytes =
      "POST /a/b%20c?x=1&y=? HTTP/1.1\r\nHost: "
      "A.test:8080\r\nContent-Length:5\r\nX-Empty:\r\nX-Blank: \t \r\n"
      "X-Inside: \t a\tb  c \t\r\nX-High: \xe4\xff\r\n\r\nhello";
  const RequestHead head = request(bytes);
  CHECK(head.method == Method::Post);
  CHECK(head.method_text == "POST");
  CHECK(head.version == Version::Http11);
  CHECK(head.form == TargetForm::Origin);
  CHECK(head.target == "/a/b%20c?x=1&y=?");
  CHECK(head.path == "/a/b%20c");
  CHECK(head.has_query);
  CHECK(head.query == "x=1&y=?");
  CHECK(head.host == "A.test:8080");
  CHECK(head.scheme.empty());
  CHECK(head.authority.empty());
  REQUIRE(head.fields.size() == 6);
  const std::vector<Field> fields(head.fields.begin(), head.fields.end());
  CHECK(fields[0].name == "Host");
  CHECK(fields[0].id == FieldId::Host);
  CHECK(fields[1].id == FieldId::ContentLength);
  CHECK(fields[1].value == "5");
  CHECK(fields[2].value.empty());
  CHECK(fields[3].value.empty());
  CHECK(fields[4].value == "a\tb  c");
  CHECK(fields[5].name == "X-High");
  CHECK(fields[5].value == "\xe4\xff");
  CHECK(feed_every_way<RequestHead>(bytes).head_bytes == bytes.size() - 5);
}

TEST_CASE("an empty query is a query", "[http][h1_parser]") {
  CHECK(request("GET /? HTTP/1.0\r\n\r\n").has_query);
  CHECK_FALSE(request("GET / HTTP/1.0\r\n\r\n").has_query);
}

TEST_CASE("slices of a finished head lie in the bytes of the last call", "[http][h1_parser]") {
  const std::string bytes =
      "GET http://b.test:1/p?q HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\n\r\n";
  H1Parser parser(Side::Downstream);
  RequestHead head;
  std::vector<std::string> places;
  for (std::size_t come = 1; come < bytes.size(); ++come) {
    places.push_back(bytes.substr(0, come));
    REQUIRE(parser.parse_request(places.back(), head).value() == Progress::NeedMore);
  }
  REQUIRE(parser.parse_request(bytes, head).value() == Progress::Done);
  auto lies_inside = [&](Slice part) {
    return part.data() >= bytes.data() && part.data() + part.size() <= bytes.data() + bytes.size();
  };
  for (const Slice part : {head.method_text, head.target, head.scheme, head.authority, head.path,
                           head.query, head.host}) {
    CHECK(lies_inside(part));
  }
  for (const Field& field : head.fields)
    CHECK((lies_inside(field.name) && lies_inside(field.value)));
}

TEST_CASE("a request in absolute-form routes by its target, and needs a Host all the same",
          "[http][h1_parser]") {
  const RequestHead head =
      request("GET https://b.test:8443/x/y?z HTTP/1.1\r\nHost: a.test\r\n\r\n");
  CHECK(head.form == TargetForm::Absolute);
  CHECK(head.scheme == "https");
  CHECK(head.authority == "b.test:8443");
  CHECK(head.host == "b.test:8443");
  CHECK(head.path == "/x/y");
  CHECK(head.query == "z");

  CHECK(request("GET http://b.test HTTP/1.0\r\n\r\n").path == "/");
  CHECK(request("GET HTTP://[::1]:80 HTTP/1.0\r\n\r\n").host == "[::1]:80");
  const RequestHead bare = request("GET http://b.test?q=/ HTTP/1.1\r\nHost: b.test\r\n\r\n");
  CHECK(bare.path == "/");
  CHECK(bare.query == "q=/");
  CHECK(bare.authority == "b.test");

  check_request_error("GET http://b.test/ HTTP/1.1\r\n\r\n", Errc::BadMessage);
  check_request_error("GET http://b.test/ HTTP/1.1\r\nHost: a b\r\n\r\n", Errc::BadMessage);
}

TEST_CASE("CONNECT takes host and port, and OPTIONS may take an asterisk", "[http][h1_parser]") {
  const RequestHead tunnel = request("CONNECT b.test:443 HTTP/1.1\r\nHost: b.test\r\n\r\n");
  CHECK(tunnel.form == TargetForm::Authority);
  CHECK(tunnel.method == Method::Connect);
  CHECK(tunnel.authority == "b.test:443");
  CHECK(tunnel.host == "b.test:443");
  CHECK(tunnel.path.empty());
  CHECK_FALSE(tunnel.has_query);
  CHECK(request("CONNECT [::1]:443 HTTP/1.0\r\n\r\n").authority == "[::1]:443");

  const RequestHead options = request("OPTIONS * HTTP/1.1\r\nHost: b.test\r\n\r\n");
  CHECK(options.form == TargetForm::Asterisk);
  CHECK(options.path == "*");
  CHECK(options.host == "b.test");
}

TEST_CASE("targets that are of no form", "[http][h1_parser]") {
  for (const char* line : {"GET * ",
                           "GET *x ",
                           "OPTIONS ** ",
                           "OPTIONS *? ",
                           "GET a.test ",
                           "GET a.test:80 ",
                           "GET ?x ",
                           "GET http:/a ",
                           "GET http:a ",
                           "GET http:// ",
                           "GET http:///x ",
                           "GET http://?x ",
                           "GET http://u@a.test/ ",
                           "GET http://a.test:x/ ",
                           "GET http://:80/ ",
                           "GET ://a.test/ ",
                           "GET 1x://a.test/ ",
                           "GET h_t://a.test/ ",
                           "GET x?http://a.test/ ",
                           "GET http://a.test,b.test/ ",
                           "GET http://a.test\\b/ ",
                           "CONNECT / ",
                           "CONNECT a.test ",
                           "CONNECT a.test: ",
                           "CONNECT :443 ",
                           "CONNECT http://a.test:443/ ",
                           "CONNECT a.test:443/ ",
                           "CONNECT a.test:443?x ",
                           "CONNECT u@a.test:443 ",
                           "CONNECT * ",
                           "CONNECT [::1] "}) {
    CAPTURE(line);
    check_request_error(std::string(line) + "HTTP/1.1\r\nHost: a.test\r\n\r\n", Errc::BadMessage);
  }
}

TEST_CASE("request lines that are not exactly one", "[http][h1_parser]") {
  for (const char* line : {"GET  / HTTP/1.1",
                           "GET /  HTTP/1.1",
                           " GET / HTTP/1.1",
                           "GET / HTTP/1.1 ",
                           "GET\t/ HTTP/1.1",
                           "GET /\tHTTP/1.1",
                           "GET /",
                           "GET",
                           "GET / ",
                           "GET HTTP/1.1",
                           "GET  HTTP/1.1",
                           "/ HTTP/1.1",
                           "G@T / HTTP/1.1",
                           "G(T / HTTP/1.1",
                           "GET / http/1.1",
                           "GET / Http/1.1",
                           "GET / HTTP/1",
                           "GET / HTTP/1.",
                           "GET / HTTP/11",
                           "GET / HTTP/1.10",
                           "GET / HTTP/01.1",
                           "GET / HTTP/ 1.1",
                           "GET / HTTP/1,1",
                           "GET / HTTP 1.1",
                           "GET / HTTPS/1.1",
                           "GET / HTTP/1.1\r",
                           "GET / HTTP/x.1",
                           "GET /\x0b HTTP/1.1",
                           "GET /\x7f HTTP/1.1",
                           "GET /a b HTTP/1.1",
                           "GET /#x HTTP/1.1",
                           "GET /?#x HTTP/1.1",
                           "GET /?\x01 HTTP/1.1",
                           "GET /\rX HTTP/1.1",
                           "\xc3 / HTTP/1.1"}) {
    CAPTURE(line);
    check_request_error(std::string(line) + "\r\nHost: a.test\r\n\r\n", Errc::BadMessage);
  }
  check_request_error(with_nul("GET /@ HTTP/1.1\r\nHost: a.test\r\n\r\n"), Errc::BadMessage);
}

TEST_CASE("every byte of a target is judged", "[http][h1_parser]") {
  for (int byte = 0; byte < 256; ++byte) {
    const bool is_allowed = byte > 0x20 && byte != 0x7f && byte != '#';
    for (const char* before :
         {"/", "/long/enough/for/sixteen/bytes", "/?", "/?long=enough&for=sixteen"}) {
      const std::string bytes = "GET " + std::string(before) + static_cast<char>(byte) +
                                "xxxxxxxxxxxxxxxxxxxx HTTP/1.0\r\n\r\n";
      CAPTURE(byte);
      CAPTURE(before);
      CHECK(test::feed<RequestHead>(bytes, bytes.size()).is_done == is_allowed);
    }
  }
}

TEST_CASE("versions other than 1.0 and 1.1", "[http][h1_parser]") {
  for (const char* version :
       {"HTTP/2.0", "HTTP/0.9", "HTTP/3.1", "HTTP/1.2", "HTTP/1.5", "HTTP/9.9"}) {
    CAPTURE(version);
    check_request_error("GET / " + std::string(version) + "\r\nHost: a\r\n\r\n", Errc::BadVersion);
    check_response_error(std::string(version) + " 200 OK\r\n\r\n", Errc::BadVersion);
  }
  // The preface of HTTP/2, for who looks for it too late.
  check_request_error("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Errc::BadVersion);
}

TEST_CASE("lines end with CRLF and nothing else", "[http][h1_parser]") {
  for (const char* bytes :
       {"GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\n\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\x01\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: y\n\n\r\n", "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n", "GET / HTTP/1.1\rHost: a\r\n\r\n",
        "GET / HTTP/1.1\rXHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\rX\r\n", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n",
        "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\n\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n"}) {
    check_request_error(bytes, Errc::BadMessage);
  }
  for (const char* bytes : {"HTTP/1.1 200 OK\nA: b\r\n\r\n", "HTTP/1.1 200 OK\n\nA: b\r\n\r\n",
                            "HTTP/1.1 200 OK\x01\n\r\n", "HTTP/1.1 200 OK\r\nA: b\n\r\n",
                            "HTTP/1.1 200 OK\r\nA: b\r\n\n", "HTTP/1.1 200 O\rK\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n"}) {
    check_response_error(bytes, Errc::BadMessage);
  }
}

TEST_CASE("field lines of the smuggler", "[http][h1_parser]") {
  for (const char* line : {"Content-Length : 5",
                           "Content-Length\t: 5",
                           " Content-Length: 5",
                           "\tContent-Length: 5",
                           "Transfer-Encoding : chunked",
                           "Transfer-Encoding\x0b: chunked",
                           "Transfer-Encoding: \x0b"
                           "chunked",
                           "Transfer-Encoding: chunked\x0c",
                           "X: a\r\n Transfer-Encoding: chunked",
                           "X: a\r\n\tb",
                           "X: a\r\n ",
                           ": x",
                           ":",
                           "X",
                           "X\r\n: y",
                           "X y: z",
                           "X(y): z",
                           "X: a\x01",
                           "X: \x1f",
                           "X: a\x7f"
                           "b",
                           "X: a\rb",
                           "\"X\": y",
                           "X\xc3: y",
                           "Content-Length\xff: 5",
                           "X;: y"}) {
    CAPTURE(line);
    check_request_error(with_line(line), Errc::BadMessage);
    check_response_error("HTTP/1.1 200 OK\r\n" + std::string(line) + "\r\n\r\n", Errc::BadMessage);
  }
  for (const char* line : {"X: a@b", "X@: b", "@X: b", "Content-Length: 5@"}) {
    CAPTURE(line);
    check_request_error(with_nul(with_line(line)), Errc::BadMessage);
  }
  // White space before the first field is no continuation of anything.
  check_request_error("GET / HTTP/1.1\r\n Host: a\r\n\r\n", Errc::BadMessage);
  check_request_error("GET / HTTP/1.1\r\n Host: a\r\nHost: b\r\n\r\n", Errc::BadMessage);
}

TEST_CASE("every byte of a value and a name is judged", "[http][h1_parser]") {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    for (const std::size_t at : {0, 1, 7, 8, 15, 16, 33}) {
      std::string text(40, 'x');
      text[at] = c;
      CAPTURE(byte);
      CAPTURE(at);
      const bool is_text = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
      const std::string value = with_line("X: " + text);
      CHECK(test::feed<RequestHead>(value, value.size()).is_done == is_text);
      // A colon ends a name early, which is fine: the rest is the value. Nothing is left of it when it comes first.
      const bool may_be_in_name = is_token(Slice(&c, 1)) || (c == ':' && at > 0);
      const std::string name = with_line(text + ": v");
      CHECK(test::feed<RequestHead>(name, name.size()).is_done == may_be_in_name);
    }
  }
}

TEST_CASE("one Host, and a sound one", "[http][h1_parser]") {
  check_request_error("GET / HTTP/1.1\r\n\r\n", Errc::BadMessage);
  check_request_error("GET / HTTP/1.1\r\nX-Host: a\r\n\r\n", Errc::BadMessage);
  check_request_error("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", Errc::BadMessage);
  check_request_error("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nhOST: b\r\n\r\n", Errc::BadMessage);
  check_request_error("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", Errc::BadMessage);
  check_request_error("GET / HTTP/1.0\r\nHost: a/b\r\n\r\n", Errc::BadMessage);
  for (const char* host : {"a b", "u@a", "a, b", "a:b", "a:1:2", "::1", "a/", "http://a"}) {
    CAPTURE(host);
    check_request_error("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n",
                        Errc::BadMessage);
  }
  CHECK(request("GET / HTTP/1.1\r\nHost:\r\n\r\n").host.empty());
  CHECK(request("GET / HTTP/1.1\r\nhOsT:\t[::1]:8080 \r\n\r\n").host == "[::1]:8080");
  const RequestHead old = request("GET / HTTP/1.0\r\n\r\n");
  CHECK(old.version == Version::Http10);
  CHECK(old.host.empty());
  // The second Host is refused with its own line, before the head ends.
  check_request_error("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n", Errc::BadMessage);
}

TEST_CASE("one empty line before a request is skipped, none before a response",
          "[http][h1_parser]") {
  const std::string bytes = "\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n";
  CHECK(request(bytes).path == "/x");
  CHECK(feed_every_way<RequestHead>(bytes).head_bytes == bytes.size());
  check_request_error("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Errc::BadMessage);
  check_request_error("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Errc::BadMessage);
  check_request_error("\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", Errc::BadMessage);
  check_request_error("\r\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Errc::BadMessage);
  check_response_error("\r\nHTTP/1.1 200 OK\r\n\r\n", Errc::BadMessage);
}

TEST_CASE("an empty line is no start of a message", "[http][h1_parser]") {
  H1Parser parser(Side::Downstream);
  RequestHead head;
  CHECK(parser.parse_request("", head).value() == Progress::NeedMore);
  CHECK_FALSE(parser.has_started());
  CHECK(parser.parse_request("\r", head).value() == Progress::NeedMore);
  CHECK_FALSE(parser.has_started());
  CHECK(parser.parse_request("\r\n", head).value() == Progress::NeedMore);
  CHECK_FALSE(parser.has_started());
  CHECK(parser.parse_request("\r\nG", head).value() == Progress::NeedMore);
  CHECK(parser.has_started());
  parser.reset();
  CHECK_FALSE(parser.has_started());
}

TEST_CASE("noise is refused before any line end comes", "[http][h1_parser]") {
  check_request_error("\x16\x03\x01", Errc::BadMessage);
  check_request_error(std::string(1, '\0'), Errc::BadMessage);
  check_response_error("\x15\x03\x03", Errc::BadMessage);
}

TEST_CASE("a parser serves one message after the other", "[http][h1_parser]") {
  H1Parser parser(Side::Downstream);
  RequestHead head;
  const std::string first = "POST /a?b HTTP/1.0\r\nX: y\r\n\r\n";
  const std::string second = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  REQUIRE(parser.parse_request(first, head).value() == Progress::Done);
  parser.reset();
  REQUIRE(parser.parse_request(second, head).value() == Progress::Done);
  CHECK(parser.head_bytes() == second.size());
  CHECK(head.method == Method::Get);
  CHECK_FALSE(head.has_query);
  CHECK(head.fields.size() == 1);
}

TEST_CASE("the request line has a limit of its own", "[http][h1_parser]") {
  const HeadLimits limits{200, 40, 10};
  const std::string rest = " HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string longest = "GET /" + std::string(40 - 14, 'x');
  CHECK(feed_every_way<RequestHead>(longest + rest, limits).is_done);
  CHECK(feed_every_way<RequestHead>("\r\n" + longest + rest, limits).is_done);
  check_request_error(longest + "x" + rest, Errc::UriTooLong, limits);
  // At once, without the end of the line; and a limit that is broken counts for more than what else is wrong.
  check_request_error(std::string(41, 'x'), Errc::UriTooLong, limits);
  check_request_error(std::string(41, 'x') + "\n", Errc::UriTooLong, limits);
  check_request_error("G\x01" + std::string(41, 'x') + rest, Errc::UriTooLong, limits);
  CHECK_FALSE(feed_every_way<RequestHead>(std::string(40, 'x'), limits).error);
  CHECK_FALSE(feed_every_way<RequestHead>(std::string(40, 'x') + "\r", limits).error);
  // A request line that does not fit the head at all is one that is too long.
  check_request_error(std::string(200, 'x'), Errc::UriTooLong, HeadLimits{100, 1000, 10});
  check_request_error("GET /" + std::string(200, 'x') + rest, Errc::UriTooLong,
                      HeadLimits{100, 1000, 10});
}

TEST_CASE("the head has a limit", "[http][h1_parser]") {
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\n";
  const std::size_t line = 100 - start.size() - 2;
  const HeadLimits limits{100, 50, 10};
  CHECK(feed_every_way<RequestHead>(start + "X: " + std::string(line - 5, 'y') + "\r\n\r\n", limits)
            .head_bytes == 100);
  check_request_error(start + "X: " + std::string(line - 4, 'y') + "\r\n\r\n", Errc::HeadTooLarge,
                      limits);
  check_request_error(start + "X: " + std::string(line, 'y'), Errc::HeadTooLarge, limits);
  // Bytes of a body do not count.
  CHECK(feed_every_way<RequestHead>(start + "\r\n" + std::string(500, 'b'), limits).is_done);
  check_response_error("HTTP/1.1 200 " + std::string(100, 'y') + "\r\n\r\n", Errc::HeadTooLarge,
                       limits);
  check_response_error("HTTP/1.1 200 OK\r\nX: " + std::string(100, 'y'), Errc::HeadTooLarge,
                       limits);
}

TEST_CASE("fields are counted", "[http][h1_parser]") {
  const HeadLimits limits{65536, 16384, 3};
  std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nX: y\r\n";
  CHECK(feed_every_way<RequestHead>(bytes + "\r\n", limits).is_done);
  check_request_error(bytes + "X: y\r\n\r\n", Errc::HeadTooLarge, limits);
  check_request_error(bytes + "X: y\r\n", Errc::HeadTooLarge, limits);
  check_response_error("HTTP/1.1 200 OK\r\nX: y\r\nX: y\r\nX: y\r\nX: y\r\n\r\n",
                       Errc::HeadTooLarge, limits);
}

TEST_CASE("the default limits are those of the spec", "[http][h1_parser]") {
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\n";
  std::string lines;
  for (int i = 0; i < 199; ++i) lines += "X: y\r\n";
  CHECK(test::feed<RequestHead>(start + lines + "\r\n", 100000).is_done);
  CHECK(test::feed<RequestHead>(start + lines + "X: y\r\n\r\n", 100000).error ==
        Errc::HeadTooLarge);
  const std::string uri(16384 - 14, 'x');
  CHECK(test::feed<RequestHead>("GET /" + uri + " HTTP/1.0\r\n\r\n", 100000).is_done);
  CHECK(test::feed<RequestHead>("GET /x" + uri + " HTTP/1.0\r\n\r\n", 100000).error ==
        Errc::UriTooLong);
  const std::string value(65536 - start.size() - 7, 'x');
  CHECK(test::feed<RequestHead>(start + "X: " + value + "\r\n\r\n", 100000).is_done);
  CHECK(test::feed<RequestHead>(start + "X: x" + value + "\r\n\r\n", 100000).error ==
        Errc::HeadTooLarge);
}

TEST_CASE("a response", "[http][h1_parser]") {
  const std::string bytes =
      "HTTP/1.1 404 Not \tFound \xe4\r\nServer: x\r\nHost: two\r\nHost: or more\r\nContent-Length: "
      "0\r\n\r\nrest";
  const ResponseHead head = response(bytes);
  CHECK(head.status == 404);
  CHECK(head.version == Version::Http11);
  CHECK(head.reason == "Not \tFound \xe4");
  CHECK(head.fields.size() == 4);
  CHECK(head.fields.find(FieldId::ContentLength)->value == "0");
  CHECK(feed_every_way<ResponseHead>(bytes).head_bytes == bytes.size() - 4);

  CHECK(response("HTTP/1.0 100 \r\n\r\n").version == Version::Http10);
  CHECK(response("HTTP/1.1 200 \r\n\r\n").reason.empty());
  CHECK(response("HTTP/1.1 200\r\n\r\n").reason.empty());
  CHECK(response("HTTP/1.1 200  OK\r\n\r\n").reason == " OK");
  CHECK(response("HTTP/1.1 599 x\r\n\r\n").status == 599);
}

TEST_CASE("status lines that are refused", "[http][h1_parser]") {
  for (const char* line :
       {"HTTP/1.1 099 x",    "HTTP/1.1 600 x",   "HTTP/1.1 999 x",      "HTTP/1.1 20 OK",
        "HTTP/1.1 2000 OK",  "HTTP/1.1 20x OK",  "HTTP/1.1 -20 OK",     "HTTP/1.1 +20 OK",
        "HTTP/1.1  200 OK",  "HTTP/1.1\t200 OK", "HTTP/1.1 200\tOK",    "HTTP/1.1 200OK",
        "HTTP/1.1 ",         "HTTP/1.1",         "HTTP/1.1 2",          "HTTP/1.1200 OK",
        "http/1.1 200 OK",   " HTTP/1.1 200 OK", "HTTP/1.1 200 O\x01K", "HTTP/1.1 200 \x7f",
        "HTTP/1.1 200 OK\r", "ICY 200 OK",       "HTTP/1.10 200 OK",    "HTTP/1 200 OK"}) {
    CAPTURE(line);
    check_response_error(std::string(line) + "\r\nA: b\r\n\r\n", Errc::BadMessage);
  }
  check_response_error(with_nul("HTTP/1.1 200 @\r\n\r\n"), Errc::BadMessage);
}

TEST_CASE("a cut head is never done", "[http][h1_parser]") {
  const std::string bytes = "GET /a?b HTTP/1.1\r\nHost: a.test\r\nX-Some-Name: some value\r\n\r\n";
  for (std::size_t come = 0; come < bytes.size(); ++come) {
    const test::Outcome outcome =
        test::feed<RequestHead>(Slice(bytes).substr(0, come), bytes.size());
    CHECK_FALSE(outcome.is_done);
    CHECK_FALSE(outcome.error);
  }
}

TEST_CASE("a head that comes byte by byte costs no more than its length allows",
          "[http][h1_parser]") {
  // If each byte made the parser look at the whole line again, these 64 KiB would be 2 billion looks, and the test a hang.
  const std::string bytes =
      "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(65000, '\t') + "\r\n\r\n";
  H1Parser parser(Side::Downstream);
  RequestHead head;
  for (std::size_t come = 1; come < bytes.size(); ++come) {
    if (parser.parse_request(Slice(bytes).substr(0, come), head) != Progress::NeedMore)
      FAIL("at " << come);
  }
  CHECK(parser.parse_request(bytes, head).value() == Progress::Done);
}

}  // namespace prox::http
