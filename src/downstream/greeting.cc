// How a connection finds out what its client speaks.

#include <memory>

#include "downstream/h2_server.h"
#include "prox/downstream/connection.h"
#include "prox/http/h2_codec.h"

namespace prox::downstream {

// HTTP/2 by prior knowledge begins with a preface that no HTTP/1 request is (RFC 9113 §3.4); one that comes byte by byte is waited for.
void Connection::greet() {
  for (;;) {
    const base::Result<net::Stream::Fill> got = stream_.fill(base::BlockPool::kSmall);
    if (!got) return close();
    const base::Slice begin = stream_.input().substr(0, http::kH2Preface.size());
    if (!http::kH2Preface.starts_with(begin)) break;
    if (begin.size() == http::kH2Preface.size()) {
      speak_h2();
      break;
    }
    if (*got == net::Stream::Fill::Nothing) return;
    if (*got == net::Stream::Fill::Closed) break;
  }
  set_state(State::Open);
  server_->on_event();
}

void Connection::speak_h2() {
  if (server_) server_->abandon();
  server_ = std::make_unique<H2Server>(*this);
  server_->start(false);
}

}  // namespace prox::downstream
