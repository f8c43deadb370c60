// How a request becomes the target's, and a response the client's (RFC 9110 §7.6.1).
#include <string>
#include <vector>

#include "exchange/world.h"
#include "prox/actions/proxy.h"

using prox::actions::HeaderEdit;
using prox::actions::ProxyAction;
using prox::http::FieldId;

namespace {

struct Options {
  std::string upstream = "origin.test:8080";
  std::vector<HeaderEdit> headers = {};
  bool preserve_host = false;
  std::string client = "192.0.2.1";
  bool is_secure = false;
  prox::exchange::ClientTls tls = {};
};

// What the target sees of a request, as text: start line, Host and fields, without framing.
std::string forwarded(const std::string& head, const Options& options = {}) {
  const auto target = prox::test::target_at(*prox::net::SocketAddress::from_literal("127.0.0.1", 1),
                                            0, options.upstream);
  const ProxyAction action(*target, {options.headers, options.preserve_host});
  prox::exchange::Exchange x;
  x.client_ip = options.client;
  if (options.is_secure) x.client_tls = &options.tls;
  prox::test::read_request(x, head);
  action.build_forward(x);
  std::string out(prox::http::request_head_size(x.forward), '#');
  const char* end =
      prox::http::write_request_head(x.forward, {}, prox::http::ConnectionOption::None, out.data());
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

const std::string kXForwarded =
    "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Host: a.test\r\nX-Forwarded-Proto: http\r\n";

// A GET with these lines behind Host.
std::string get(const std::string& lines, const std::string& target = "/") {
  return "GET " + target + " HTTP/1.1\r\nHost: a.test\r\n" + lines + "\r\n";
}

bool has_line(const std::string& text, const std::string& line) {
  return text.find("\r\n" + line + "\r\n") != std::string::npos;
}
bool has_field(const std::string& text, const std::string& name) {
  return text.find("\r\n" + name + ":") != std::string::npos;
}

std::string target_of(const std::string& upstream, const std::string& target) {
  Options options;
  options.upstream = upstream;
  const std::string text = forwarded(get("", target), options);
  const std::size_t begin = text.find(' ') + 1;
  return text.substr(begin, text.find(' ', begin) - begin);
}

}  // namespace

TEST_CASE("a plain request is passed on with the target's Host and who asked for it") {
  CHECK(forwarded(get("Accept: */*\r\nuser-agent: x\r\n", "/p?q=1")) ==
        "GET /p?q=1 HTTP/1.1\r\nHost: origin.test:8080\r\nAccept: */*\r\nuser-agent: x\r\n" +
            kXForwarded + "\r\n");
}

TEST_CASE("no field is invented that the client did not send") {
  const std::string text = forwarded(get(""));
  CHECK(text == "GET / HTTP/1.1\r\nHost: origin.test:8080\r\n" + kXForwarded + "\r\n");
}

TEST_CASE("the target is passed as received, behind the base path and the base query") {
  struct Case {
    const char* upstream;
    const char* target;
    const char* sent;
  };
  for (const auto& [upstream, target, sent] : {
           Case{"http://h", "/a%2Fb//c/../d?x=%20&y", "/a%2Fb//c/../d?x=%20&y"},
           Case{"http://h/", "/x", "/x"},
           Case{"http://h/base", "/x", "/base/x"},
           Case{"http://h/base/", "/x", "/base/x"},
           Case{"http://h/base", "/", "/base/"},
           Case{"http://h/base", "/x?", "/base/x?"},
           Case{"http://h/base", "/x?a=1", "/base/x?a=1"},
           Case{"http://h/base?k=1", "/x", "/base/x?k=1"},
           Case{"http://h/base?k=1", "/x?a=2", "/base/x?k=1&a=2"},
           Case{"http://h?k=1", "/x?a=2", "/x?k=1&a=2"},
           Case{"http://h?k=1", "/x?", "/x?k=1"},
           Case{"http://h/base", "//x", "/base//x"},
       }) {
    CAPTURE(upstream, target);
    CHECK(target_of(upstream, target) == sent);
  }
}

TEST_CASE("a base path does not touch OPTIONS * and absolute targets") {
  Options options;
  options.upstream = "http://h/base?k=1";
  CHECK(forwarded("OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n", options)
            .starts_with("OPTIONS * HTTP/1.1\r\n"));
  CHECK(forwarded("GET http://b.test/x?y HTTP/1.1\r\nHost: a.test\r\n\r\n", options)
            .starts_with("GET http://b.test/x?y HTTP/1.1\r\n"));
}

TEST_CASE("Host is the target's, unless the client's is preserved or a header sets it") {
  const auto host_of = [](const Options& options) {
    const std::string text = forwarded(get(""), options);
    const std::size_t begin = text.find("Host: ") + 6;
    return text.substr(begin, text.find('\r', begin) - begin);
  };
  Options options;
  CHECK(host_of(options) == "origin.test:8080");
  options.upstream = "http://origin.test:80/base";
  CHECK(host_of(options) == "origin.test");
  options.upstream = "[::1]:3000";
  CHECK(host_of(options) == "[::1]:3000");
  options.preserve_host = true;
  CHECK(host_of(options) == "a.test");
  options.headers = {{"hOsT", "set.test", false}};
  CHECK(host_of(options) == "set.test");
  options.preserve_host = false;
  CHECK(host_of(options) == "set.test");
}

TEST_CASE("a Host that is set appears once") {
  Options options;
  options.headers = {{"host", "set.test", false}};
  const std::string text = forwarded(get(""), options);
  CHECK(text.find("set.test") == text.rfind("set.test"));
  CHECK(text.find("a.test") == text.rfind("a.test"));  // X-Forwarded-Host only
}

TEST_CASE("hop-by-hop fields end here, in any case") {
  for (const std::string name :
       {"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
        "TE", "Trailer", "Upgrade", "HTTP2-Settings", "Forwarded", "kEEP-aLIVE", "UPGRADE"}) {
    CAPTURE(name);
    CHECK(forwarded(get(name + ": x\r\n")) == forwarded(get("")));
  }
}

TEST_CASE("framing fields are the writer's business") {
  CHECK_FALSE(has_field(forwarded("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\n"),
                        "Content-Length"));
  CHECK_FALSE(
      has_field(forwarded("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"),
                "Transfer-Encoding"));
}

TEST_CASE("the fields that Connection names end here, over several lines and in any case") {
  const std::string text =
      forwarded(get("Connection: close, X-One\r\nx-one: 1\r\nX-Two: 2\r\nconnection: , x-TWO "
                    ",keep-alive\r\nX-Three: 3\r\nX-ONE: again\r\n"));
  CHECK_FALSE(has_field(text, "x-one"));
  CHECK_FALSE(has_field(text, "X-ONE"));
  CHECK_FALSE(has_field(text, "X-Two"));
  CHECK(has_line(text, "X-Three: 3"));
}

TEST_CASE("what Connection names cannot take away what prox itself adds") {
  const std::string text =
      forwarded(get("Connection: X-Forwarded-For, X-Forwarded-Proto, Host\r\n"));
  CHECK(has_line(text, "X-Forwarded-For: 192.0.2.1"));
  CHECK(has_line(text, "X-Forwarded-Proto: http"));
  CHECK(has_line(text, "Host: origin.test:8080"));
}

TEST_CASE("of TE, only trailers is passed on") {
  CHECK(has_line(forwarded(get("TE: trailers\r\n")), "TE: trailers"));
  CHECK(has_line(forwarded(get("TE: gzip;q=0.5, Trailers\r\nConnection: TE\r\n")), "TE: trailers"));
  CHECK_FALSE(has_field(forwarded(get("TE: gzip\r\n")), "TE"));
}

TEST_CASE("end-to-end fields pass untouched, in order, repeated ones too") {
  const std::string lines =
      "Accept-Encoding: gzip, br\r\nCookie: a=1\r\nCookie: b=2\r\nAuthorization: Basic "
      "eA==\r\nExpect: 100-continue\r\n"
      "Content-Type: text/plain\r\nX-Empty: \r\nVia: 1.0 x\r\n";
  CHECK(forwarded(get(lines)) ==
        "GET / HTTP/1.1\r\nHost: origin.test:8080\r\n" + lines + kXForwarded + "\r\n");
}

TEST_CASE("X-Forwarded-For is appended to all that came") {
  CHECK(has_line(forwarded(get("X-Forwarded-For: 198.51.100.1\r\n")),
                 "X-Forwarded-For: 198.51.100.1, 192.0.2.1"));
  CHECK(has_line(forwarded(get("X-Forwarded-For: 198.51.100.1, 198.51.100.2\r\nAccept: "
                               "x\r\nx-forwarded-for: 198.51.100.3\r\n")),
                 "X-Forwarded-For: 198.51.100.1, 198.51.100.2, 198.51.100.3, 192.0.2.1"));
  CHECK(has_line(forwarded(get("X-Forwarded-For: \r\n")), "X-Forwarded-For: 192.0.2.1"));
  Options options;
  options.client = "2001:db8::1";
  CHECK(has_line(forwarded(get(""), options), "X-Forwarded-For: 2001:db8::1"));
}

TEST_CASE("X-Forwarded-Host and -Proto say what prox saw, whatever the client claims") {
  Options options;
  options.is_secure = true;
  const std::string text = forwarded(
      "GET / HTTP/1.1\r\nHost: A.test:8443\r\nX-Forwarded-Proto: gopher\r\nX-Forwarded-Host: "
      "evil\r\n\r\n",
      options);
  CHECK(has_line(text, "X-Forwarded-Host: A.test:8443"));
  CHECK(has_line(text, "X-Forwarded-Proto: https"));
  CHECK(text.find("evil") == std::string::npos);
  CHECK(text.find("gopher") == std::string::npos);
}

TEST_CASE("headers of the action replace all values of their name, last of all") {
  Options options;
  options.headers = {
      {"Accept", "text/plain", false}, {"X-Forwarded-For", "hidden", false}, {"X-New", "1", false}};
  const std::string text = forwarded(get("Accept: a\r\nACCEPT: b\r\nX-Keep: k\r\n"), options);
  CHECK(text ==
        "GET / HTTP/1.1\r\nHost: origin.test:8080\r\nX-Keep: k\r\nX-Forwarded-Host: "
        "a.test\r\nX-Forwarded-Proto: http\r\n"
        "Accept: text/plain\r\nX-Forwarded-For: hidden\r\nX-New: 1\r\n\r\n");
}

TEST_CASE("headers of the action can remove a field") {
  Options options;
  options.headers = {{"cookie", "", true}, {"X-Forwarded-Host", "", true}, {"X-Absent", "", true}};
  const std::string text = forwarded(get("Cookie: a=1\r\nCookie: b=2\r\nX-Keep: k\r\n"), options);
  CHECK_FALSE(has_field(text, "Cookie"));
  CHECK_FALSE(has_field(text, "X-Forwarded-Host"));
  CHECK(has_line(text, "X-Keep: k"));
}

TEST_CASE("a second exchange in the same place has nothing of the first") {
  const auto target = prox::test::target_at(*prox::net::SocketAddress::from_literal("127.0.0.1", 1),
                                            0, "http://h/base?k=1");
  const ProxyAction action(*target, {});
  prox::exchange::Exchange x;
  x.client_ip = "192.0.2.1";
  const std::string first =
      get("X-Forwarded-For: 198.51.100.1\r\nCookie: secret\r\n", "/long/path/of/the/first?one");
  prox::test::read_request(x, first);
  action.build_forward(x);
  x.recycle();
  x.client_ip = "192.0.2.2";
  const std::string second = get("", "/2");
  prox::test::read_request(x, second);
  action.build_forward(x);
  CHECK(x.forward.target == "/base/2?k=1");
  CHECK(x.forward.fields.size() == 3);
  CHECK(x.forward.fields.find(FieldId::XForwardedFor)->value == "192.0.2.2");
}

namespace {

// The names that are left of a response's fields.
std::string left_of(const std::string& lines, bool keep_length = false) {
  const std::string text = "HTTP/1.1 200 OK\r\n" + lines + "\r\n";
  prox::http::H1Parser parser(prox::base::Side::Upstream);
  prox::http::ResponseHead head;
  REQUIRE(parser.parse_response(text, head));
  prox::actions::remove_hop_by_hop(head, keep_length);
  std::string names;
  for (const prox::http::Field& field : head.fields) names += std::string(field.name) + " ";
  return names;
}

}  // namespace

TEST_CASE("a response loses what was meant for the connection to the target") {
  for (const std::string name :
       {"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
        "TE", "Trailer", "Transfer-Encoding", "Upgrade", "HTTP2-Settings"}) {
    CAPTURE(name);
    CHECK(left_of("A: 1\r\n" + name + ": x\r\nB: 2\r\n") == "A B ");
  }
}

TEST_CASE("a response loses the fields that its Connection names") {
  CHECK(left_of("X-Hop: 1\r\nConnection: close, x-hop\r\nX-End: 2\r\nConnection: "
                "X-Other\r\nx-other: 3\r\n") == "X-End ");
  CHECK(left_of("Set-Cookie: a\r\nConnection: keep-alive\r\nSet-Cookie: b\r\nServer: x\r\n") ==
        "Set-Cookie Set-Cookie Server ");
}

TEST_CASE("the length of a body that is not sent stays: it tells what GET would bring") {
  CHECK(left_of("Content-Length: 5\r\nETag: x\r\n") == "ETag ");
  CHECK(left_of("Content-Length: 5\r\nETag: x\r\n", true) == "Content-Length ETag ");
  CHECK(left_of("Content-Length: 5\r\nConnection: Content-Length\r\n", true) == "Content-Length ");
}

TEST_CASE("a request for a forward proxy keeps its absolute target and its Host") {
  const std::string text = forwarded(
      "GET http://far.test/p?q HTTP/1.1\r\nHost: other.test\r\nConnection: upgrade\r\n"
      "Upgrade: websocket\r\nAccept: */*\r\n\r\n");
  CHECK(text ==
        "GET http://far.test/p?q HTTP/1.1\r\nHost: far.test\r\nAccept: */*\r\nX-Forwarded-For: "
        "192.0.2.1\r\nX-Forwarded-Proto: http\r\n\r\n");
  Options options;
  options.headers = {{"Host", "set.test"}, {"X-Set", "1"}};
  options.upstream = "origin.test/base";
  const std::string edited =
      forwarded("GET http://far.test HTTP/1.1\r\nHost: far.test\r\n\r\n", options);
  CHECK(edited.starts_with("GET http://far.test HTTP/1.1\r\nHost: set.test\r\n"));
  CHECK(has_line(edited, "X-Set: 1"));
}

TEST_CASE("CONNECT is passed on with its own Host, and nothing of ours") {
  Options options;
  options.headers = {{"Host", "set.test"}, {"X-Set", "1"}};
  CHECK(forwarded("CONNECT far.test:443 HTTP/1.1\r\nHost: far.test:443\r\n\r\n", options) ==
        "CONNECT far.test:443 HTTP/1.1\r\nHost: far.test:443\r\n\r\n");
}
