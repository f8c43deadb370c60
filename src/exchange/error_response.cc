#include "prox/exchange/error_response.h"

#include <cstring>

#include <fmt/format.h>

#include "prox/base/log.h"
#include "prox/exchange/error_word.h"
#include "prox/exchange/response.h"

namespace prox::exchange {

namespace {

using base::Errc;
using base::Error;
using base::Side;

void log_failure(const Exchange& x, const Error& error) {
  static base::log::RateLimit limit;
  const base::log::Level level = error.side == Side::Downstream ? base::log::Level::Debug
                                 : error.side == Side::Upstream ? base::log::Level::Warn
                                                                : base::log::Level::Error;
  if (!base::log::enabled(level)) return;
  const std::string_view route =
      x.route != nullptr ? std::string_view(x.route->id) : std::string_view("-");
  const std::string_view reason = !error.reason.empty()  ? error.reason
                                  : error.sys_errno != 0 ? std::strerror(error.sys_errno)
                                                         : "";
  limit.write(level, fmt::format("{} while {}", base::to_word(error.code), error.context),
              {{"service", x.service->name},
               {"route", route},
               {"client", x.client_ip},
               {"upstream", x.forward.host},
               {"reason", reason}});
}

// Whether what the client sent was understood, though it cannot be done: else what follows cannot be understood either.
bool leaves_connection_sound(Errc code) {
  return code == Errc::NoRoute || code == Errc::NotFound || code == Errc::Forbidden ||
         code == Errc::Misdirected || code == Errc::UnknownExpectation;
}

}  // namespace

int status_of(const Error& error) {
  if (error.side == Side::Upstream) return base::is_time_out(error.code) ? 504 : 502;
  switch (error.code) {
    case Errc::BadMessage:
    case Errc::PeerClosed: return 400;
    case Errc::Forbidden: return 403;
    case Errc::NoRoute:
    case Errc::NotFound: return 404;
    case Errc::TimedOut: return 408;
    case Errc::BodyTooLarge: return 413;
    case Errc::UriTooLong: return 414;
    case Errc::UnknownExpectation: return 417;
    case Errc::Misdirected: return 421;
    case Errc::HeadTooLarge: return 431;
    case Errc::UnknownCoding:
    case Errc::NotSupported: return 501;
    case Errc::BadVersion: return 505;
    case Errc::PeerReset:
    case Errc::ResolveFailed:
    case Errc::ConnectFailed:
    case Errc::ConnectTimedOut:
    case Errc::HandshakeTimedOut:
    case Errc::HeadTimedOut:
    case Errc::TlsFailed:
    case Errc::SystemCall:
    case Errc::BadData: return 500;
  }
  return 500;
}

void report(Exchange& x, const Error& error) {
  x.access.note(error_word(error));
  log_failure(x, error);
}

void fail(Exchange& x, const Error& error) {
  report(x, error);
  if (x.head_sent) {
    x.sink->cut_response();
    x.sink->flush();
    return;
  }
  if (error.side == Side::Downstream && !leaves_connection_sound(error.code))
    x.sink->close_after_response();
  answer(x, status_of(error));
}

}  // namespace prox::exchange
