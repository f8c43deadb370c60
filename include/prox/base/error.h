#pragma once

#include <cstdint>
#include <string_view>

namespace prox::base {

// What went wrong, in the proxy's own terms. Which status or close it leads to is decided in one place,
// exchange/error_response.cc, from this code and the side at fault.
enum class Errc : std::uint8_t {
  // A peer's message cannot be understood for certain.
  BadMessage,          // RFC 9112: malformed head, framing or chunk
  UriTooLong,          // request line above its limit
  HeadTooLarge,        // head bytes or field count above the limit
  BodyTooLarge,        // request body above max_body_bytes
  UnknownCoding,       // a Transfer-Encoding other than chunked
  UnknownExpectation,  // an Expect other than 100-continue
  BadVersion,          // HTTP major version other than 1
  // A peer or the network did not answer, or went away.
  PeerClosed,         // end of stream where more was due
  PeerReset,          // RST, EPIPE
  ResolveFailed,      // the name has no address
  ConnectFailed,      // refused, unreachable
  TlsFailed,          // no TLS, another version, a certificate that is not trusted, a broken record
  ConnectTimedOut,    // the target did not take the connection in time
  HandshakeTimedOut,  // nor TLS
  HeadTimedOut,       // nor answer: no response head
  TimedOut,           // another deadline passed; `context` tells which
  // The plan has no answer.
  NoRoute,
  NotFound,   // no such file
  Forbidden,  // the file is there, but not for us
  Misdirected,
  NotSupported,  // the request asks for what this action cannot do
  // Ours.
  SystemCall,  // sys_errno tells
  BadData,     // an internal message or file is not what it should be
};

// Whose fault it is: decides log level and status class.
enum class Side : std::uint8_t { Downstream, Upstream, Internal };

// A failure as a value: small, no heap, checked at once by the caller.
struct Error {
  Errc code;
  Side side = Side::Internal;
  bool retryable = false;         // no byte of the request can have been acted on
  int sys_errno = 0;              // 0 if no system call was involved
  std::string_view context = {};  // string literal, a gerund phrase: "connecting to the target"
  std::string_view reason =
      {};  // what is known beside that, of a text that lives as long as the process
};

// Whether a deadline has passed.
bool is_time_out(Errc code);

// The code as one lower-case word for logs and answers: "bad_message", "timed_out".
std::string_view to_word(Errc code);

// An Error made from errno right after a failed system call.
Error from_errno(std::string_view context, Side side = Side::Internal);

}  // namespace prox::base
