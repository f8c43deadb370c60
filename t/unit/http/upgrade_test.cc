// Which requests ask for another protocol.
#include "prox/http/upgrade.h"

#include <string>

#include "catch.h"
#include "prox/http/h1_parser.h"

using namespace prox::http;

namespace {

std::string asked(const std::string& lines, const std::string& version = "1.1") {
  const std::string text = "GET / HTTP/" + version + "\r\nHost: a\r\n" + lines + "\r\n";
  RequestHead head;
  H1Parser parser(prox::base::Side::Downstream);
  REQUIRE(parser.parse_request(text, head));
  return std::string(asked_upgrade(head));
}

}  // namespace

TEST_CASE("one protocol that Connection lists is asked for, in whatever case") {
  CHECK(asked("Upgrade: websocket\r\nConnection: Upgrade\r\n") == "websocket");
  CHECK(asked("upgrade: WebSocket\r\nconnection: keep-alive, UPGRADE\r\n") == "WebSocket");
  CHECK(asked("Upgrade: tcp\r\nConnection: keep-alive\r\nConnection: upgrade\r\n") == "tcp");
  CHECK(asked("Upgrade: HTTP/3.0\r\nConnection: upgrade\r\n") == "HTTP/3.0");
}

TEST_CASE(
    "what Connection does not list, what is several, and what is malformed is not asked for") {
  CHECK(asked("Upgrade: websocket\r\n").empty());
  CHECK(asked("Upgrade: websocket\r\nConnection: keep-alive\r\n").empty());
  CHECK(asked("Connection: upgrade\r\n").empty());
  CHECK(asked("Upgrade: websocket, tcp\r\nConnection: upgrade\r\n").empty());
  CHECK(asked("Upgrade: websocket\r\nUpgrade: tcp\r\nConnection: upgrade\r\n").empty());
  CHECK(asked("Upgrade: web socket\r\nConnection: upgrade\r\n").empty());
  CHECK(asked("Upgrade: websocket/\r\nConnection: upgrade\r\n").empty());
  CHECK(asked("Upgrade:\r\nConnection: upgrade\r\n").empty());
}

TEST_CASE("HTTP/1.0 cannot ask") {
  CHECK(asked("Upgrade: websocket\r\nConnection: upgrade\r\n", "1.0").empty());
}

TEST_CASE("HTTP/2 in the clear and TLS never pass: requests inside them would meet no rule") {
  for (const char* protocol : {"h2c", "H2C", "TLS/1.0", "tls/1.3", "TLS"}) {
    CAPTURE(protocol);
    CHECK(asked("Upgrade: " + std::string(protocol) + "\r\nConnection: upgrade\r\n").empty());
  }
}
