#include "prox/http/h1_writer.h"

#include <cstdint>
#include <string>

#include "catch.h"

using namespace prox::http;
using Kind = BodyFraming::Kind;

namespace {

// Written into as much room as was asked for, and not more.
std::string written(const RequestHead& head, BodyFraming body) {
  std::string out(request_head_size(head), '#');
  const char* end = write_request_head(head, body, ConnectionOption::None, out.data());
  REQUIRE(end <= out.data() + out.size());
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

std::string written(const ResponseHead& head, BodyFraming body, ConnectionOption option) {
  std::string out(response_head_size(head), '#');
  const char* end = write_response_head(head, body, option, out.data());
  REQUIRE(end <= out.data() + out.size());
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

RequestHead get(Slice target) {
  RequestHead head;
  head.method_text = "GET";
  head.target = target;
  head.host = "a.test:8080";
  return head;
}

ResponseHead response(int status, Slice reason) {
  ResponseHead head;
  head.status = status;
  head.reason = reason;
  return head;
}

}  // namespace

TEST_CASE(
    "a request is written with its target byte for byte, Host first, and its fields as they "
    "stand") {
  RequestHead head = get("/a%2Fb?x=%20");
  head.fields.add("x-Odd-CASE", "v1", FieldId::Other);
  head.fields.add("X-Empty", "", FieldId::Other);
  head.fields.add("x-odd-case", "v2", FieldId::Other);
  CHECK(written(head, {}) ==
        "GET /a%2Fb?x=%20 HTTP/1.1\r\nHost: a.test:8080\r\nx-Odd-CASE: v1\r\nX-Empty: "
        "\r\nx-odd-case: v2\r\n\r\n");
}

TEST_CASE("a request's framing is the writer's") {
  RequestHead head = get("/");
  head.method_text = "BREW";
  const std::string start = "BREW / HTTP/1.1\r\nHost: a.test:8080\r\n";
  CHECK(written(head, {Kind::None, 0}) == start + "\r\n");
  CHECK(written(head, {Kind::Length, 0}) == start + "Content-Length: 0\r\n\r\n");
  CHECK(written(head, {Kind::Length, UINT64_MAX}) ==
        start + "Content-Length: 18446744073709551615\r\n\r\n");
  CHECK(written(head, {Kind::Chunked, 0}) == start + "Transfer-Encoding: chunked\r\n\r\n");
}

TEST_CASE("a request without a host has an empty Host field (RFC 9112 §3.2)") {
  RequestHead head = get("/");
  head.host = {};
  CHECK(written(head, {}) == "GET / HTTP/1.1\r\nHost: \r\n\r\n");
}

TEST_CASE("a response says HTTP/1.1, whatever version came in") {
  ResponseHead head = response(200, "OK");
  head.version = Version::Http10;
  CHECK(written(head, {Kind::Length, 5}, ConnectionOption::None) ==
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
}

TEST_CASE("a response without a reason keeps the space behind its status (RFC 9112 §4)") {
  CHECK(written(response(299, ""), {}, ConnectionOption::None) == "HTTP/1.1 299 \r\n\r\n");
}

TEST_CASE("a response's framing and connection option are written once each") {
  ResponseHead head = response(200, "OK");
  head.fields.add("ETag", "\"1\"", FieldId::Other);
  const std::string start = "HTTP/1.1 200 OK\r\nETag: \"1\"\r\n";
  CHECK(written(head, {Kind::Chunked, 0}, ConnectionOption::Close) ==
        start + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
  CHECK(written(head, {Kind::Length, 12}, ConnectionOption::KeepAlive) ==
        start + "Content-Length: 12\r\nConnection: keep-alive\r\n\r\n");
  CHECK(written(head, {Kind::UntilClose, 0}, ConnectionOption::Close) ==
        start + "Connection: close\r\n\r\n");
  CHECK(written(head, {Kind::None, 0}, ConnectionOption::None) == start + "\r\n");
}

TEST_CASE("chunk sizes are hexadecimal, and fit into the room they are said to need") {
  struct Case {
    std::uint64_t size;
    const char* line;
  };
  for (const auto& [size, line] :
       {Case{0, "0\r\n"}, Case{1, "1\r\n"}, Case{0x1a2b, "1a2b\r\n"}, Case{32768, "8000\r\n"},
        Case{UINT64_MAX, "ffffffffffffffff\r\n"}}) {
    char out[kMaxChunkLine];
    const char* end = write_chunk_line(size, out);
    REQUIRE(end <= out + kMaxChunkLine);
    CHECK(Slice(out, static_cast<std::size_t>(end - out)) == line);
  }
}

TEST_CASE("a request that asks for another protocol says so in Connection, too") {
  RequestHead head = get("/chat");
  head.upgrade = "websocket";
  std::string out(request_head_size(head), '#');
  const char* end = write_request_head(head, {}, ConnectionOption::Upgrade, out.data());
  out.resize(static_cast<std::size_t>(end - out.data()));
  CHECK(out ==
        "GET /chat HTTP/1.1\r\nHost: a.test:8080\r\nConnection: Upgrade\r\nUpgrade: "
        "websocket\r\n\r\n");
}

TEST_CASE("a 101 names the protocol that follows it") {
  ResponseHead head = response(101, "Switching Protocols");
  head.fields.add("Sec-WebSocket-Accept", "x", FieldId::SecWebSocketAccept);
  const Slice protocol = "websocket";
  std::string out(response_head_size(head) + protocol.size(), '#');
  const char* end = write_switch_head(head, protocol, out.data());
  out.resize(static_cast<std::size_t>(end - out.data()));
  CHECK(out ==
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "
        "websocket\r\nSec-WebSocket-Accept: x\r\n\r\n");
}
