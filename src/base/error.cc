#include "prox/base/error.h"

#include <cerrno>

namespace prox::base {

bool is_time_out(Errc code) {
  return code == Errc::ConnectTimedOut || code == Errc::HandshakeTimedOut ||
         code == Errc::HeadTimedOut || code == Errc::TimedOut;
}

std::string_view to_word(Errc code) {
  switch (code) {
    case Errc::BadMessage: return "bad_message";
    case Errc::UriTooLong: return "uri_too_long";
    case Errc::HeadTooLarge: return "head_too_large";
    case Errc::BodyTooLarge: return "body_too_large";
    case Errc::UnknownCoding: return "unknown_coding";
    case Errc::UnknownExpectation: return "unknown_expectation";
    case Errc::BadVersion: return "bad_version";
    case Errc::PeerClosed: return "peer_closed";
    case Errc::PeerReset: return "peer_reset";
    case Errc::ResolveFailed: return "resolve_failed";
    case Errc::ConnectFailed: return "connect_failed";
    case Errc::TlsFailed: return "tls_failed";
    case Errc::ConnectTimedOut: return "connect_timed_out";
    case Errc::HandshakeTimedOut: return "handshake_timed_out";
    case Errc::HeadTimedOut: return "head_timed_out";
    case Errc::TimedOut: return "timed_out";
    case Errc::NoRoute: return "no_route";
    case Errc::NotFound: return "not_found";
    case Errc::Forbidden: return "forbidden";
    case Errc::Misdirected: return "misdirected";
    case Errc::NotSupported: return "not_supported";
    case Errc::SystemCall: return "system_call";
    case Errc::BadData: return "bad_data";
  }
  return "unknown";
}

Error from_errno(std::string_view context, Side side) {
  return Error{Errc::SystemCall, side, false, errno, context};
}

}  // namespace prox::base
