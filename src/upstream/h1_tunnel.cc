// What becomes of an HTTP/1.1 connection to a target that has agreed to a tunnel: raw bytes, and the end of each direction.

#include "prox/http/framing.h"
#include "prox/tls/websocket_key.h"
#include "prox/upstream/h1_client.h"

namespace prox::upstream {

using base::Errc;
using base::Error;
using base::Side;

bool H1Client::lacks_websocket_key(const http::RequestHead& head) {
  return !head.upgrade.empty() && http::equal_ignoring_case(head.upgrade, "websocket") &&
         head.fields.find(http::FieldId::SecWebSocketKey) == nullptr;
}

void H1Client::send_websocket_head(const http::RequestHead& head) {
  websocket_key_ = tls::make_websocket_key();
  http::RequestHead with_key = head;
  with_key.fields.add("Sec-WebSocket-Key", websocket_key_, http::FieldId::SecWebSocketKey);
  write_head(with_key, {});
}

// A 101 counts only as the answer to what was asked (RFC 9110 §15.2.2), and when the request is complete.
bool H1Client::agrees_to_tunnel(const http::ResponseHead& head) const {
  if (method_ == http::Method::Connect) return head.status >= 200 && head.status < 300;
  if (head.status != 101 || upgrade_.empty() || !request_ended_) return false;
  const bool is_what_was_asked = http::any_member(
      head.fields, http::FieldId::Upgrade,
      [this](Slice protocol) { return http::equal_ignoring_case(protocol, upgrade_); });
  if (!is_what_was_asked || websocket_key_.empty()) return is_what_was_asked;
  const http::Field* proof = head.fields.find(http::FieldId::SecWebSocketAccept);
  return proof != nullptr && proof->value == tls::websocket_accept(websocket_key_);
}

bool H1Client::begin_tunnel() {
  timer_.cancel();
  keep_alive_ = false;
  request_ended_ = false;
  state_ = State::Tunnel;
  receiver_->on_tunnel();
  return true;
}

bool H1Client::read_tunnel() {
  if (stream_.input().empty()) return true;
  body_.append(stream_.block(), stream_.input());
  stream_.consume(stream_.input().size());
  receiver_->on_response_body(body_);
  return true;
}

// Our direction ends when all of it has left.
void H1Client::shut_tunnel() {
  if (!request_ended_ || is_shut_ || !stream_.output().empty()) return;
  is_shut_ = true;
  if (state_ == State::Tunnel) return stream_.shut_down_writes();
  task_.post(loop_);  // there is nothing left to wait for
}

// After the target's direction, which has ended, ours may have, too.
void H1Client::end_tunnel() {
  if (is_shut_) {
    state_ = State::Ended;
    receiver_->on_tunnel_end();
  } else if (stream_.is_reset()) {  // nothing is read any more that would tell
    fail(Error{Errc::PeerReset, Side::Upstream, false, 0, "sending through a tunnel"});
  }
}

}  // namespace prox::upstream
