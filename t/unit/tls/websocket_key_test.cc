#include "prox/tls/websocket_key.h"

#include "catch.h"

using namespace prox::tls;

TEST_CASE("the proof of a WebSocket is that of RFC 6455 §1.3") {
  CHECK(websocket_accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("keys are 16 bytes in base64, each another") {
  const std::string key = make_websocket_key();
  CHECK(key.size() == 24);
  CHECK(key.ends_with("=="));
  CHECK(key != make_websocket_key());
}
