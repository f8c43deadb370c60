// What is left of HTTP/1 when a connection has become a tunnel: raw bytes, and the end of each direction.

#include "downstream/deadline.h"
#include "prox/base/assert.h"
#include "prox/downstream/connection.h"
#include "prox/downstream/h1_server.h"

namespace prox::downstream {

using net::Stream;

void H1Server::begin_tunnel(const http::ResponseHead& head) {
  PROX_ASSERT(writing_ == Writing::None && reading_ == Reading::Complete);
  const Slice protocol = exchange_->request.upgrade;
  net::Buffer& out = connection_.stream().output();
  char* begin = out.reserve(http::response_head_size(head) + protocol.size());
  char* end = head.status == 101
                  ? http::write_switch_head(head, protocol, begin)
                  : http::write_response_head(head, {}, http::ConnectionOption::None, begin);
  out.commit(static_cast<std::size_t>(end - begin));
  zone::add(exchange_->context->row.responses_total[static_cast<std::size_t>(head.status / 100)]);
  exchange_->access.status = static_cast<std::uint16_t>(head.status);
  reading_ = Reading::Tunnel;
  writing_ = Writing::Body;
  bodyless_ = chunked_response_ = false;
  close_delimited_ = true;
  keep_alive_ = false;
  write_deadline_ = 0;
  net::set_keep_alive(connection_.stream().fd(), connection_.service().limits.keep_alive_seconds);
  settle_.post(loop_);  // the client may have sent more than its request
}

// True if more bytes are wanted.
bool H1Server::take_tunnel() {
  exchange::Handler& handler = *exchange_->handler;
  if (!handler.wants_request_body()) return false;
  Stream& stream = connection_.stream();
  if (stream.input().empty()) return true;
  zone::add(exchange_->context->row.bytes_in, stream.input().size());
  exchange_->access.bytes_in += stream.input().size();
  body_.append(stream.block(), stream.input());
  stream.consume(stream.input().size());
  handler.on_request_body(body_);
  return handler.wants_request_body();
}

void H1Server::end_tunnel() {
  reading_ = Reading::TunnelOver;
  settle_.post(loop_);
}

// What a turn of a tunnel ends with.
void H1Server::settle_tunnel() {
  Stream& stream = connection_.stream();
  if (writing_ == Writing::Ended && stream.output().empty()) {
    writing_ = Writing::Shut;
    if (reading_ == Reading::Tunnel) stream.shut_down_writes();
  }
  if (reading_ == Reading::TunnelOver && writing_ == Writing::Shut) return connection_.close();
  // Nobody but the target is waited for any more: it has idle_timeout to take the client's last bytes.
  if (reading_ == Reading::TunnelEnded && writing_ == Writing::Shut && write_deadline_ == 0)
    write_deadline_ = deadline_after(connection_.service().limits.idle_timeout);
  // While nothing is read a reset would go unseen.
  if (writing_ != Writing::Shut && stream.is_reset())
    return close_for(exchange::kClientReset, true);
  update_deadline();
}

}  // namespace prox::downstream
