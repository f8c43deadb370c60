// How a connection becomes a TLS one, and what is said to a client that speaks no TLS.

#include <algorithm>
#include <cctype>
#include <utility>

#include "prox/base/log.h"
#include "prox/downstream/connection.h"

namespace prox::downstream {

namespace {

// Short, and readable for HTTP/1.0, since nothing is known of the client.
constexpr std::string_view kNoTls =
    "HTTP/1.0 400 Bad Request\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Connection: close\r\n"
    "\r\n"
    "Client sent an HTTP request to an HTTPS server.";

// What a client asks for may be any bytes; only a name goes on to logs and upstreams.
std::string host_name(std::string_view sni) {
  const bool is_name = std::all_of(sni.begin(), sni.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
  });
  return is_name ? std::string(sni) : std::string();
}

}  // namespace

void Connection::begin_handshake(base::Fd socket) {
  auto transport = std::make_unique<tls::Transport>(entrance_.tls->new_connection(),
                                                    std::move(socket), host_.context().blocks);
  tls_ = transport.get();
  if (!watch(std::move(transport))) return;
  if (const base::Millis limit = service().limits.tls_handshake_timeout; limit > 0)
    timer_.set_after(limit);
}

void Connection::shake_hands() {
  const base::Result<bool> done = stream_.handshake();
  if (!done) return refuse_handshake(done.error());
  if (!*done) return;
  set_state(State::Open);
  client_tls_ = std::make_unique<const exchange::ClientTls>(exchange::ClientTls{
      host_name(tls_->sni()), tls_->peer_subject(), tls_->peer_fingerprint(), tls_->version()});
  log_handshake("TLS handshake done", tls_->is_resumed() ? "resumed" : "new session");
  start_server(false);
  // The first request may have come with the client's last message.
  server_->on_event();
}

// Tells the client what is wrong, by an alert or by the 400 that it can read, and waits for its end so that a reset does not take that
// away from it.
void Connection::refuse_handshake(const base::Error& error) {
  log_handshake("TLS handshake failed",
                !error.reason.empty() ? error.reason : base::to_word(error.code));
  const bool speaks_http = tls_->got_plain_http();
  if (error.code != base::Errc::TlsFailed || (tls_->is_not_tls() && !speaks_http)) return close();
  base::Fd socket = tls_->abandon();
  stream_.detach();
  tls_ = nullptr;
  if (!watch(std::make_unique<net::PlainTransport>(std::move(socket)))) return;
  if (speaks_http) stream_.output().append_copy(kNoTls);
  if (const base::Result<void> sent = stream_.flush(); !sent) return close();
  linger();
}

void Connection::give_up_handshake() {
  log_handshake("TLS handshake failed", "timed out");
  close();
}

void Connection::log_handshake(std::string_view outcome, std::string_view reason) const {
  if (!base::log::enabled(base::log::Level::Debug)) return;
  base::log::debug(outcome,
                   {{"service", service().name}, {"client", client_ip_}, {"reason", reason}});
}

}  // namespace prox::downstream
