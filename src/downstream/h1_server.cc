#include "prox/downstream/h1_server.h"

#include <algorithm>
#include <utility>

#include "downstream/deadline.h"
#include "prox/downstream/connection.h"
#include "prox/exchange/error_response.h"
#include "prox/exchange/pipeline.h"
#include "prox/http/upgrade.h"

namespace prox::downstream {

namespace {

using base::Errc;
using base::Error;
using base::Millis;
using base::Side;
using http::BodyFraming;
using net::Stream;

constexpr std::size_t kHeadRoom = base::BlockPool::kSmall;
constexpr std::size_t kBodyRoom = base::BlockPool::kLarge;
constexpr int kReadsPerTurn =
    16;  // at most half a MiB before the other connections have their turn
// What is read of an unwanted body to save a connection.
constexpr std::uint64_t kDiscardLimit = 256 * 1024;

}  // namespace

H1Server::H1Server(Connection& connection)
    : connection_(connection),
      loop_(connection.host().context().loop),
      settle_(&H1Server::on_settle, this),
      parser_(Side::Downstream, connection.service().limits.head),
      body_(connection.host().context().blocks),
      exchange_(nullptr, exchange::ExchangePool::GiveBack{nullptr}),
      leaving_(connection.host().exchanges()) {}

H1Server::~H1Server() = default;

void H1Server::start(bool is_handed_over) {
  is_kept_ = is_handed_over;
  const exchange::ServiceLimits& limits = connection_.service().limits;
  const Millis wait =
      is_handed_over ? limits.idle_timeout : earlier(limits.read_timeout, limits.header_timeout);
  read_deadline_ = wait > 0 ? base::coarse_now() + wait : 0;
  update_deadline();
}

void H1Server::abandon() {
  settle_.cancel();
  lose_exchanges();
  body_.clear();
}

bool H1Server::is_unfinished() const {
  return writing_ != Writing::None || !connection_.stream().output().empty();
}

// ---- turns of the loop ----

void H1Server::on_event() {
  if (!connection_.stream().output().empty() && !write_output()) return;
  read();
  after_turn();
}

void H1Server::on_settle(void* self) {
  auto* server = static_cast<H1Server*>(self);
  server->read();
  server->after_turn();
}

void H1Server::drain() {
  if (connection_.is_idle()) connection_.host().on_idle_while_draining(connection_);
}

// What each turn ends with, when no handler is on the stack: the connection may be closed here.
void H1Server::after_turn() {
  tell_drained();
  if (broken_) return connection_.close();
  if (writing_ == Writing::Dropped && connection_.stream().output().empty())
    return drop_mode_ == exchange::DropMode::Hang ? connection_.hang() : close_when_flushed();
  if (writing_ == Writing::Cut) {
    if (close_delimited_) return connection_.close(true);
    closing_ = true;
  }
  // A client that closes its side while it is owed a response has gone (as nginx sees it): nobody waits for the upstream's work.
  if (owes_response() && connection_.stream().peer_is_gone()) {
    const bool is_reset = connection_.stream().is_reset();
    return close_for(is_reset ? exchange::kClientReset : exchange::kClientClosed);
  }
  if (is_tunnel()) return settle_tunnel();
  // Where an upload is held back nothing is read, and a reset would go unseen.
  if (reading_ == Reading::Body && connection_.stream().is_reset())
    return close_for(exchange::kClientReset);
  if (closing_ && connection_.stream().output().empty()) return close_when_flushed();
  if (reading_ == Reading::Idle && connection_.host().is_draining() && connection_.is_idle()) {
    connection_.host().on_idle_while_draining(connection_);
    if (connection_.state() != Connection::State::Open) return;
  }
  update_deadline();
}

void H1Server::close_when_flushed() {
  // Unread bytes of the client would turn close(2) into RST, which can take the response away from it.
  const bool has_unread = reading_ != Reading::Idle && reading_ != Reading::Complete;
  if ((has_unread || !connection_.stream().input().empty()) &&
      !connection_.stream().saw_peer_close())
    return connection_.linger();
  connection_.close();
}

// ---- reading ----

void H1Server::read() {
  Stream& stream = connection_.stream();
  in_read_ = true;
  bool has_come = !stream.input().empty();  // the greeting reads first
  int reads = 0;
  while (take_input()) {
    if (++reads > kReadsPerTurn) {
      settle_.post(loop_);
      break;
    }
    const bool is_inside_request = has_come && reading_ != Reading::Idle;
    const base::Result<Stream::Fill> got = stream.fill(wanted_room(), is_inside_request);
    if (!got) {
      break_off(exchange::kClientReset);
      break;
    }
    if (*got == Stream::Fill::Nothing) break;
    if (*got == Stream::Fill::Closed) {
      on_client_closed();
      break;
    }
    has_come = true;
  }
  in_read_ = false;
  if (!broken_) flush_or_break();
}

std::size_t H1Server::wanted_room() const {
  if (reading_ == Reading::Body || reading_ == Reading::Discarding || reading_ == Reading::Tunnel)
    return kBodyRoom;
  // A head that outgrows its block moves to one of twice the size.
  return std::max(kHeadRoom, connection_.stream().input().size());
}

// Works off what has been read. True if it wants more bytes.
bool H1Server::take_input() {
  while (!broken_ && !closing_ && writing_ != Writing::Cut && writing_ != Writing::Dropped) {
    if (writing_ == Writing::Ended && reading_ == Reading::Body) give_up_reading();
    switch (reading_) {
      case Reading::Idle:
        if (connection_.stream().input().empty()) return true;
        // A client that sends requests and does not read the answers waits until it does.
        if (is_backed_up() || leaving_.is_full()) {
          flush_or_break();
          if (broken_ || is_backed_up() || leaving_.is_full()) return false;
        }
        exchange_ = connection_.host().exchanges().take();
        exchange_->access.started = loop_.turn_time();
        zone::add(connection_.host().context().row.active_requests);
        reading_ = Reading::Head;
        break;
      case Reading::Head:
        if (!take_head()) return reading_ == Reading::Head && !closing_;
        break;
      case Reading::Body:
        if (exchange_->handler && !exchange_->handler->wants_request_body()) return false;
        // If the answer is complete by now, the rest of the body is dropped.
        if (!take_body() && writing_ != Writing::Ended) return writing_ != Writing::Cut;
        break;
      case Reading::Discarding:
        if (!discard_body()) return reading_ == Reading::Discarding && !closing_;
        break;
      case Reading::Complete:
        if (writing_ != Writing::Ended) return false;
        finish_exchange();
        break;
      case Reading::Tunnel: return take_tunnel();
      case Reading::TunnelEnded:
      case Reading::TunnelOver: return false;
    }
  }
  return false;
}

// True when the head is complete and its request has begun.
bool H1Server::take_head() {
  Stream& stream = connection_.stream();
  const base::Result<http::H1Parser::Progress> parsed =
      parser_.parse_request(stream.input(), exchange_->request);
  if (!parsed) {
    begin_exchange();
    fail_request(parsed.error());
    return false;
  }
  if (*parsed == http::H1Parser::Progress::NeedMore) {
    if (request_started_ == 0) {
      const exchange::ServiceLimits& limits = connection_.service().limits;
      const Millis limit = earlier(limits.header_timeout, limits.read_timeout);
      request_started_ = base::coarse_now();
      read_deadline_ = limit > 0 ? request_started_ + limit : 0;
    }
    return false;
  }
  exchange_->head_block = stream.block();
  stream.consume(parser_.head_bytes());
  begin_exchange();
  begin_request();
  return true;
}

void H1Server::begin_exchange() {
  exchange::Exchange& x = *exchange_;
  x.context = &connection_.host().context();
  x.service = &connection_.service();
  x.sink = this;
  x.client_ip = connection_.client_ip();
  x.client_tls = connection_.client_tls();
  // What is understood of a head that is refused is told in its access line.
  if (!x.head_block) x.head_block = connection_.stream().block();
  ++requests_;
  zone::add(x.context->row.requests_total);
}

void H1Server::begin_request() {
  exchange::Exchange& x = *exchange_;
  const exchange::ServiceLimits& limits = x.service->limits;
  const base::Result<BodyFraming> framing = http::request_framing(x.request);
  if (!framing) return fail_request(framing.error());
  x.request_body = *framing;
  x.request.upgrade = http::asked_upgrade(x.request);
  body_bytes_ = 0;
  keep_alive_ = http::wants_keep_alive(x.request.version, x.request.fields) &&
                (limits.max_requests_per_conn == 0 || requests_ < limits.max_requests_per_conn);
  decoder_.start(*framing, Side::Downstream);
  const bool has_body = framing->has_body();
  reading_ = has_body ? Reading::Body : Reading::Complete;
  read_deadline_ = 0;
  if (has_body && limits.read_timeout > 0) {
    read_deadline_ =
        (request_started_ != 0 ? request_started_ : base::coarse_now()) + limits.read_timeout;
  }
  if (limits.max_body_bytes > 0 && framing->kind == BodyFraming::Kind::Length &&
      framing->length > limits.max_body_bytes) {
    return fail_request(
        Error{Errc::BodyTooLarge, Side::Downstream, false, 0, "reading a request head"});
  }
  exchange::advance(x);
  if (!has_body && x.handler) x.handler->on_request_end({});
}

// True when the body is complete.
bool H1Server::take_body() {
  exchange::Exchange& x = *exchange_;
  Stream& stream = connection_.stream();
  for (;;) {
    const base::Result<http::BodyDecoder::Step> step = decoder_.decode(stream.input());
    if (!step) {
      fail_request(step.error());
      return false;
    }
    body_bytes_ += step->data.size();
    body_.append(stream.block(), step->data);
    stream.consume(step->consumed);
    if (step->end || step->consumed == 0) break;
  }
  if (const std::uint64_t limit = x.service->limits.max_body_bytes;
      limit > 0 && body_bytes_ > limit) {
    fail_request(Error{Errc::BodyTooLarge, Side::Downstream, false, 0, "reading a request body"});
    return false;
  }
  zone::add(x.context->row.bytes_in, body_.size());
  x.access.bytes_in += body_.size();
  if (x.handler && !body_.empty()) x.handler->on_request_body(body_);
  body_.clear();
  if (!decoder_.is_complete()) return false;
  reading_ = Reading::Complete;
  read_deadline_ = 0;
  if (x.handler) x.handler->on_request_end(decoder_.trailers());
  return true;
}

bool H1Server::discard_body() {
  Stream& stream = connection_.stream();
  for (;;) {
    const base::Result<http::BodyDecoder::Step> step = decoder_.decode(stream.input());
    if (!step) {
      closing_ = true;
      return false;
    }
    body_bytes_ += step->data.size();
    stream.consume(step->consumed);
    if (step->end || step->consumed == 0) break;
  }
  if (body_bytes_ > kDiscardLimit) closing_ = true;
  if (!decoder_.is_complete()) return false;
  reading_ = Reading::Complete;
  return true;
}

// The response is complete before the request is: its rest is dropped, or the connection ends with this response.
void H1Server::give_up_reading() {
  exchange_->handler.reset();
  if (!keep_alive_) {
    closing_ = true;
    return;
  }
  body_bytes_ = 0;
  reading_ = Reading::Discarding;
}

// A request that cannot be carried out any further: answers it, or cuts the answer that has begun, and lets its handler go.
void H1Server::fail_request(const Error& error) {
  keep_alive_ = false;
  body_.clear();
  exchange::fail(*exchange_, error);
  exchange_->handler.reset();
  if (writing_ == Writing::Ended) closing_ = true;
}

void H1Server::on_client_closed() {
  switch (reading_) {
    case Reading::Idle:
    case Reading::Head:
    case Reading::Discarding:  // no more requests, but what is answered leaves
      closing_ = true;
      read_deadline_ = 0;
      return;
    case Reading::Body:  // nobody waits for the handler any more; earlier answers leave
      flush_or_break();
      break_off(exchange::kClientClosed);
      return;
    case Reading::Complete:
    case Reading::TunnelEnded:
    case Reading::TunnelOver: return;  // after_turn() looks at it
    case Reading::Tunnel:
      reading_ = Reading::TunnelEnded;
      exchange_->handler->on_request_end({});
      return;
  }
}

// ---- the end of an exchange ----

void H1Server::finish_exchange() {
  leaving_.add(std::move(exchange_), connection_.stream().output().size());
  zone::subtract(connection_.host().context().row.active_requests);
  parser_.reset();
  reading_ = Reading::Idle;
  writing_ = Writing::None;
  request_started_ = 0;
  rate_.pause();
  continue_sent_ = false;
  is_kept_ = true;
  read_deadline_ = 0;
  if (!keep_alive_) closing_ = true;
}

// The client is gone; the end of the turn closes.
void H1Server::break_off(std::string_view why) {
  if (!broken_) why_ = why;
  broken_ = true;
}

void H1Server::close_for(std::string_view why, bool reset) {
  why_ = why;
  connection_.close(reset);
}

// Those whose responses have not all left end here.
void H1Server::lose_exchanges() {
  const std::size_t unsent = connection_.stream().output().size();
  const bool is_over = (writing_ == Writing::Ended || writing_ == Writing::Shut) && unsent == 0;
  if (exchange_ && !is_over) {
    exchange::AccessRecord& record = exchange_->access;
    record.note(why_);
    record.bytes_out -= std::min<std::uint64_t>(record.bytes_out, unsent);
  }
  leaving_.lose(why_);
  if (!exchange_) return;
  zone::subtract(connection_.host().context().row.active_requests);
  exchange::log_access(*exchange_);
  exchange_.reset();
}

}  // namespace prox::downstream
