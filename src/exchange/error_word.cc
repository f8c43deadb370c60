#include "prox/exchange/error_word.h"

#include <cerrno>

namespace prox::exchange {

namespace {

using base::Errc;
using base::Error;
using base::Side;

constexpr std::string_view kInternal = "internal_error";

std::string_view word_of_upstream(const Error& error) {
  switch (error.code) {
    case Errc::ResolveFailed: return "resolve_failed";
    case Errc::ConnectFailed:
      return error.sys_errno == ECONNREFUSED ? "connect_refused" : "connect_failed";
    case Errc::ConnectTimedOut: return "connect_timeout";
    case Errc::HandshakeTimedOut: return "tls_timeout";
    case Errc::TlsFailed: return "tls_failed";
    case Errc::HeadTimedOut: return "header_timeout";
    case Errc::TimedOut: return "upstream_timeout";
    case Errc::PeerReset: return "upstream_reset";
    case Errc::PeerClosed: return "upstream_closed";
    case Errc::BadMessage:
    case Errc::BadVersion:
    case Errc::UnknownCoding:
    case Errc::HeadTooLarge:
    case Errc::BodyTooLarge:
    case Errc::UriTooLong:
    case Errc::UnknownExpectation: return "upstream_malformed";
    case Errc::NotSupported: return "upstream_unsupported";
    case Errc::NoRoute:
    case Errc::NotFound:
    case Errc::Forbidden:
    case Errc::Misdirected:
    case Errc::SystemCall:
    case Errc::BadData: return kInternal;
  }
  return kInternal;
}

std::string_view word_of_client(const Error& error) {
  switch (error.code) {
    case Errc::BadMessage:
    case Errc::PeerClosed: return "bad_request";
    case Errc::TimedOut: return "read_timeout";
    case Errc::HeadTooLarge:
    case Errc::BodyTooLarge:
    case Errc::UriTooLong:
    case Errc::UnknownCoding:
    case Errc::UnknownExpectation:
    case Errc::BadVersion:
    case Errc::NoRoute:
    case Errc::NotFound:
    case Errc::Forbidden:
    case Errc::Misdirected:
    case Errc::NotSupported: return base::to_word(error.code);
    case Errc::PeerReset: return "client_reset";
    case Errc::ResolveFailed:
    case Errc::ConnectFailed:
    case Errc::ConnectTimedOut:
    case Errc::HandshakeTimedOut:
    case Errc::HeadTimedOut:
    case Errc::TlsFailed:
    case Errc::SystemCall:
    case Errc::BadData: return kInternal;
  }
  return kInternal;
}

}  // namespace

std::string_view error_word(const Error& error) {
  switch (error.side) {
    case Side::Upstream: return word_of_upstream(error);
    case Side::Downstream: return word_of_client(error);
    case Side::Internal: return kInternal;
  }
  return kInternal;
}

}  // namespace prox::exchange
