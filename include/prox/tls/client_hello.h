#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "prox/base/result.h"
#include "prox/base/slice.h"

namespace prox::tls {

using base::Result;
using base::Slice;

// What a TLS client says in clear before any handshake (RFC 8446 §4.1.2), as far as routes look at it.
struct ClientHello {
  // The server_name extension (RFC 6066 §3) as sent: 1 to 255 bytes of any kind but NUL, an IP literal too. Empty: none was sent.
  // Where the client encrypts its hello, this is the outer one's name.
  Slice server_name;
  // The names in the ALPN extension (RFC 7301 §3.1), in the client's order. Empty: none was sent.
  std::vector<Slice> protocols;
};

// Finds a whole ClientHello at the beginning of a connection's bytes, over as many TLS records as it takes, without consuming or answering
// anything. Knows no cryptography: what it accepts, a handshake may still refuse. One may serve many connections in turn.
class ClientHelloParser {
 public:
  static constexpr std::size_t kMaxHelloBytes = 64 * 1024;  // of the handshake message
  static constexpr std::size_t kMaxBytes = 80 * 1024;  // of its records; smaller ones are refused
  static constexpr char kHandshakeRecord = 0x16;       // the first byte of every TLS connection

  // `bytes`: all that has come, from the connection's first byte on. Returns how many more must come before it makes sense to ask again,
  // at least; 0 if hello() is complete. Error: BadMessage, for what can never become a ClientHello within the limits.
  Result<std::size_t> parse(Slice bytes);
  // Valid while the parsed bytes are, and until the next parse().
  const ClientHello& hello() const { return hello_; }

 private:
  void append(Slice fragment);

  ClientHello hello_;
  Slice message_;       // as much of the handshake message as has come
  std::string joined_;  // holds it, where it is spread over several records
};

}  // namespace prox::tls
