#pragma once

#include <string>
#include <string_view>

namespace prox::tls {

// The proof that a WebSocket is meant, of the handshake in HTTP/1.1 (RFC 6455 §4): HTTP/2 does without it (RFC 8441 §5), so where prox
// translates, it asks for it and gives it itself. Here, since OpenSSL has what it takes.

// A new value for Sec-WebSocket-Key.
std::string make_websocket_key();
// The Sec-WebSocket-Accept that answers it.
std::string websocket_accept(std::string_view key);

}  // namespace prox::tls
