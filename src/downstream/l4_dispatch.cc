// What a connection goes through before TLS, on services with `pass` routes: its ClientHello is awaited, and the first route it matches
// decides.

#include <utility>

#include "downstream/preread.h"
#include "prox/actions/pass.h"
#include "prox/base/log.h"
#include "prox/downstream/connection.h"

namespace prox::downstream {

void Connection::await_hello(base::Fd socket) {
  preread_ = std::make_unique<Preread>(
      [](void* self, Preread::Outcome outcome, const tls::ClientHello& hello) {
        auto* connection = static_cast<Connection*>(self);
        switch (outcome) {
          case Preread::Outcome::Hello: return connection->dispatch(hello);
          case Preread::Outcome::NotTls: return connection->serve(connection->end_preread(), false);
          case Preread::Outcome::Failed: return connection->close();
        }
      },
      this);
  if (!preread_->start(host_.context().loop, std::move(socket))) return close();
  const base::Millis limit = service().limits.peek_timeout;
  if (limit > 0) timer_.set_after(limit);
  host_.peeking().enter(*this);
}

void Connection::dispatch(const tls::ClientHello& hello) {
  const std::optional<routing::L4Hit> hit =
      service().l4->find({hello.server_name, hello.protocols, client_bytes_});
  const exchange::Route* route = hit ? &service().routes[hit->route] : nullptr;
  base::log::debug("ClientHello", {{"service", service().name},
                                   {"client", client_ip_},
                                   {"sni", hello.server_name},
                                   {"route", route != nullptr ? route->id : "-"},
                                   {"peeks", preread_->peeks()}});
  switch (hit ? hit->verdict : routing::L4Verdict::Serve) {
    case routing::L4Verdict::Serve: return serve(end_preread(), false);
    case routing::L4Verdict::Pass: return pass(*route, hello.server_name);
    case routing::L4Verdict::Drop: zone::add(host_.context().row.dropped_total); return close();
  }
}

base::Fd Connection::end_preread() {
  ShedList::Entry::leave();
  timer_.cancel();
  base::Fd socket = preread_->release();
  // It may be the one that calls.
  host_.context().loop.defer_delete(std::move(preread_));
  return socket;
}

void Connection::pass(const exchange::Route& route, base::Slice server_name) {
  const actions::Pass::About about{service().name, route.id,          std::string(server_name),
                                   client_ip_,     route.action_name, route.access};
  pass_ = std::make_unique<actions::Pass>(
      host_.context(), about, [](void* self) { static_cast<Connection*>(self)->close(); }, this);
  const bool is_watched = pass_->watch_client(preread_->socket(), preread_->waiting());
  base::Fd socket = end_preread();
  set_state(State::Passing);
  if (!is_watched) return close();
  pass_->start(*route.pass_to, std::move(socket));
}

}  // namespace prox::downstream
