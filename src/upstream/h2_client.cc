#include "upstream/h2_client.h"

#include <utility>

#include "prox/tls/websocket_key.h"
#include "prox/upstream/pool.h"
#include "upstream/h2_connection.h"

namespace prox::upstream {

namespace {

using base::Errc;
using base::Error;
using base::Side;
using http::BodyFraming;

// What is kept of a request's body until its target can no longer refuse it.
constexpr std::size_t kMostKeptBytes = 64 * 1024;

Error upstream_error(Errc code, std::string_view context) {
  return Error{code, Side::Upstream, false, 0, context};
}

constexpr std::string_view kAwaiting = "waiting for the target's response head";

}  // namespace

H2Client::H2Client(net::Loop& loop, base::BlockPool& blocks, Pool& home, Receiver& receiver)
    : loop_(loop),
      home_(home),
      task_(&H2Client::on_task, this),
      receiver_(&receiver),
      body_(blocks),
      sent_(blocks),
      incoming_(blocks) {
  read_into(receiver.response_head());
}

H2Client::~H2Client() = default;

// ---- the request ----

void H2Client::send_head(const http::RequestHead& head, BodyFraming body) {
  head_ = &head;
  framing_ = body;
  request_ended_ = false;
  if (connection_ != nullptr) connection_->want_opening();
}

void H2Client::send_body(net::Buffer& data) {
  if (failure_) return data.clear();  // nobody will read it
  body_.append_all(data);
  if (state_ == State::Open) connection_->codec().resume(*this);
}

void H2Client::end_request(Slice trailers) {
  request_ended_ = true;
  trailers_ = trailers;
  if (state_ == State::Open) connection_->codec().resume(*this);
}

void H2Client::flush() {
  was_backed_up_ = was_backed_up_ || is_backed_up();
  set_head_deadline();
  if (connection_ != nullptr) connection_->want_turn();
}

// As with HTTP/1, the target's time does not run while the client takes its time with the body.
void H2Client::set_head_deadline() {
  const base::Millis limit = home_.target().response_header_timeout;
  const bool is_its_turn = !got_head_ && (request_ended_ || !body_.empty());
  head_deadline_ = is_its_turn && limit > 0 ? base::coarse_now() + limit : 0;
  if (connection_ != nullptr) connection_->expect(head_deadline_);
}

void H2Client::on_late() { fail(upstream_error(Errc::HeadTimedOut, kAwaiting)); }

void H2Client::open(http::H2Codec& codec) {
  const bool is_last = request_ended_ && body_.empty() && trailers_.empty() && !asks_for_tunnel();
  if (asks_for_tunnel() && !codec.allows_extended_connect())
    return fail(upstream_error(Errc::NotSupported, "asking an HTTP/2 target for an upgrade"));
  // The request of a tunnel ends with its head; what ends later is our direction of the tunnel.
  if (asks_for_tunnel()) request_ended_ = false;
  state_ = State::Open;
  const Slice scheme = home_.target().address.tls ? "https" : "http";
  if (codec.send_request(*this, *head_, scheme, framing_, is_last)) return;
  look_elsewhere();
}

// Who greets us with a GOAWAY may do so on every connection.
void H2Client::turn_away() {
  if (!is_reused_) ++refusals_;
  look_elsewhere();
}

void H2Client::look_elsewhere() {
  state_ = State::Refused;
  touch();
}

http::H2Codec::Outgoing H2Client::outgoing() const {
  return {body_.size(), request_ended_, trailers_};
}

void H2Client::move_body(net::Buffer& out, std::size_t bytes) {
  if (keeps_sent_ && sent_.held_bytes() + bytes <= kMostKeptBytes) {
    sent_.share_front(body_, bytes);
  } else {
    forget_sent();
  }
  out.append_front(body_, bytes);
  if (was_backed_up_ && body_.held_bytes() <= net::kLowWater) touch();
  if (head_deadline_ != 0) set_head_deadline();
}

void H2Client::forget_sent() {
  keeps_sent_ = false;
  sent_.clear();
}

// ---- the response ----

void H2Client::on_head(const base::Result<BodyFraming>& framing) {
  if (receiver_ == nullptr) return;
  http::ResponseHead& head = receiver_->response_head();
  if (!framing) {
    fail(framing.error());
  } else if (head.status == 101) {  // RFC 9113 §8.6
    fail(upstream_error(Errc::BadMessage, "switching protocols inside HTTP/2"));
  } else if (head.is_interim()) {
    receiver_->on_interim();
  } else {
    got_head_ = true;
    head_deadline_ = 0;
    forget_sent();
    if (asks_for_tunnel() && head.status < 300) {
      begin_tunnel();
    } else {
      receiver_->on_response_head(*framing);
    }
  }
  touch();
}

// The receiver sees what HTTP/1.1 would have said, the proof included that HTTP/2 does without (RFC 8441 §5).
void H2Client::begin_tunnel() {
  is_tunnel_ = true;
  http::ResponseHead& head = receiver_->response_head();
  head.status = 101;
  head.reason = http::reason_phrase(101);
  std::string proof;
  if (const http::Field* key = head_->fields.find(http::FieldId::SecWebSocketKey)) {
    proof = tls::websocket_accept(key->value);
    head.fields.add("Sec-WebSocket-Accept", proof, http::FieldId::SecWebSocketAccept);
  }
  receiver_->on_tunnel();
}

void H2Client::on_data(const base::BlockRef& block, Slice data) {
  if (receiver_ == nullptr) return connection_->codec().taken(*this, data.size());
  incoming_.append(block, data);
  touch();
}

void H2Client::on_end(Slice trailers) {
  has_end_ = true;
  incoming_trailers_ = trailers;
  touch();
}

void H2Client::on_closed(http::H2Error error) {
  state_ = State::Closed;
  const bool is_complete = has_end_ && !(is_tunnel_ && !(request_ended_ && body_.empty()));
  if (is_complete || failure_ || receiver_ == nullptr) return touch();
  if (error == http::H2Error::RefusedStream && !got_head_) {
    state_ = State::Refused;
    ++refusals_;
  } else if (error == http::H2Error::ProtocolError) {
    fail(upstream_error(Errc::BadMessage, "reading the target's response"));
  } else {
    fail(upstream_error(Errc::PeerReset, got_head_ ? "reading the target's response" : kAwaiting));
  }
  touch();
}

void H2Client::resume() { touch(); }

// ---- what its receiver is told ----

void H2Client::go_on() {
  if (receiver_ == nullptr) return;
  if (state_ == State::Refused) return begin_anew();
  if (was_backed_up_ && body_.held_bytes() <= net::kLowWater) {
    was_backed_up_ = false;
    receiver_->on_request_drained();
    if (receiver_ == nullptr) return;
  }
  if (!deliver() || receiver_ == nullptr) return;
  if (failure_) return receiver_->on_failure(*failure_);
  if (is_tunnel_ && told_end_ && state_ == State::Closed) return receiver_->on_tunnel_end();
}

// Passes on what has come. False if the receiver wants no more for now.
bool H2Client::deliver() {
  while (!incoming_.empty()) {
    if (!receiver_->wants_response()) {
      receiver_->on_response_pause();
      if (!receiver_->wants_response()) return false;  // resume() goes on
    }
    const std::size_t bytes = incoming_.size();
    receiver_->on_response_body(incoming_);
    if (state_ == State::Open) {
      connection_->codec().taken(*this, bytes);
      connection_->want_turn();
    }
  }
  if (has_end_ && got_head_ && !told_end_ && !failure_) {
    told_end_ = true;
    receiver_->on_response_end(incoming_trailers_);
  }
  if (receiver_ != nullptr) receiver_->on_response_pause();
  return true;
}

// RFC 9113 §8.7: nothing of a refused stream has been acted on, whatever its method.
void H2Client::begin_anew() {
  if (refusals_ > 1 || !keeps_sent_)
    return fail(upstream_error(Errc::PeerReset, "being refused by the target"));
  H2Connection* const refuser = std::exchange(connection_, nullptr);
  if (refuser != nullptr) refuser->remove(*this);
  net::Buffer rest(home_.blocks());
  rest.append_all(body_);
  body_.append_all(sent_);
  body_.append_all(rest);
  state_ = State::Waiting;
  home_.place(*this, refuser);
}

void H2Client::fail(const Error& error) {
  if (failure_) return;
  failure_ = error;
  head_deadline_ = 0;
  body_.clear();
  if (state_ == State::Open) {
    connection_->codec().reset(*this, http::H2Error::Cancel);
    connection_->want_turn();
  } else if (state_ == State::Refused) {
    state_ = State::Closed;
  }
  touch();
}

// ---- its place on a connection ----

void H2Client::enter(H2Connection& connection, bool is_reused) {
  connection_ = &connection;
  is_reused_ = is_reused;
  connection.expect(head_deadline_);
  if (head_ != nullptr) connection.want_opening();
}

void H2Client::leave(const Error& error) {
  connection_ = nullptr;
  if (state_ == State::Refused) return;
  state_ = State::Closed;
  head_deadline_ = 0;
  if ((!has_end_ || is_tunnel_) && !failure_) {
    failure_ = error;
    failure_->retryable = is_reused_ && !got_head_ && error.code != Errc::TimedOut;
  }
  touch();
}

void H2Client::give_back(std::unique_ptr<ClientStream> self) {
  receiver_ = nullptr;
  task_.cancel();
  body_.clear();
  incoming_.clear();
  if (connection_ == nullptr) return loop_.defer_delete(std::move(self));
  if (state_ == State::Open) {
    connection_->codec().reset(*this, http::H2Error::Cancel);
    return connection_->adopt(std::move(self));
  }
  connection_->remove(*this);
  connection_ = nullptr;
  loop_.defer_delete(std::move(self));
}

}  // namespace prox::upstream
