#include "downstream/h2_stream.h"

#include <algorithm>
#include <utility>

#include "downstream/date.h"
#include "downstream/deadline.h"
#include "downstream/h2_server.h"
#include "prox/base/assert.h"
#include "prox/downstream/connection.h"
#include "prox/exchange/error_response.h"
#include "prox/exchange/pipeline.h"
#include "prox/exchange/response.h"

namespace prox::downstream {

using base::Errc;
using base::Error;
using base::Millis;
using base::Side;
using http::BodyFraming;

namespace {

// A block that is held for few bytes of it costs its whole size: so small parts of a body are copied together. A window's worth of
// them takes no more than twice the window.
constexpr std::size_t kWorthHolding = 4096;

}  // namespace

H2ServerStream::H2ServerStream(base::BlockPool& blocks)
    : exchange_(nullptr, exchange::ExchangePool::GiveBack{nullptr}),
      request_(blocks),
      response_(blocks) {}

H2ServerStream::~H2ServerStream() = default;

void H2ServerStream::open(H2Server& server) {
  server_ = &server;
  exchange_ = server.connection().host().exchanges().take();
  exchange_->access.started = server.connection().host().context().loop.turn_time();
  read_into(exchange_->request);
  zone::add(server.connection().host().context().row.active_requests);
}

void H2ServerStream::release() {
  end_exchange();
  ShedList::Entry::leave();
  server_ = nullptr;
  request_.clear();
  response_.clear();
  request_trailers_.clear();
  response_trailers_.clear();
  body_bytes_ = moved_bytes_ = 0;
  rate_.pause();
  may_send_body_ = true;
  read_deadline_ = write_deadline_ = 0;
  reading_ = Reading::Head;
  writing_ = Writing::None;
  asks_for_tunnel_ = is_tunnel_ = tunnel_over_ = bodyless_ = end_told_ = resumed_ = backed_up_ =
      false;
}

void H2ServerStream::end_exchange() {
  if (!exchange_) return;
  zone::subtract(server_->connection().host().context().row.active_requests);
  note(server_->why_lost());
  exchange::AccessRecord& record = exchange_->access;
  record.bytes_out -= std::min<std::uint64_t>(record.bytes_out, response_.size());
  exchange::log_access(*exchange_);
  exchange_.reset();
}

void H2ServerStream::note(std::string_view why) {
  if (exchange_ && !is_answered()) exchange_->access.note(why);
}

Millis H2ServerStream::deadline() const { return earlier(read_deadline_, write_deadline_); }

// ---- the request ----

void H2ServerStream::on_head(const base::Result<BodyFraming>& framing) {
  exchange::Exchange& x = *exchange_;
  Connection& connection = server_->connection();
  x.context = &connection.host().context();
  x.service = &connection.service();
  x.sink = this;
  x.client_ip = connection.client_ip();
  x.client_tls = connection.client_tls();
  x.head_block = head_block();
  zone::add(x.context->row.requests_total);
  reading_ = Reading::Body;
  if (!framing) return fail(framing.error());

  x.request_body = *framing;
  const exchange::ServiceLimits& limits = x.service->limits;
  may_send_body_ = x.request.fields.find(http::FieldId::Expect) == nullptr;
  if (framing->has_body()) {
    read_deadline_ = deadline_after(limits.read_timeout);
    server_->expect(read_deadline_);
  }
  if (limits.max_body_bytes > 0 && framing->kind == BodyFraming::Kind::Length &&
      framing->length > limits.max_body_bytes) {
    return fail(Error{Errc::BodyTooLarge, Side::Downstream, false, 0, "reading a request head"});
  }
  asks_for_tunnel_ = x.request.method == http::Method::Connect || !x.request.upgrade.empty();
  exchange::advance(x);
  if (asks_for_tunnel_ && x.handler) x.handler->on_request_end({});
}

void H2ServerStream::on_data(const base::BlockRef& block, Slice data) {
  if (!wants_body()) return taken(data.size());
  exchange::Exchange& x = *exchange_;
  body_bytes_ += data.size();
  const std::uint64_t limit = x.service->limits.max_body_bytes;
  if (limit > 0 && body_bytes_ > limit && !is_tunnel_) {
    taken(data.size());
    return fail(Error{Errc::BodyTooLarge, Side::Downstream, false, 0, "reading a request body"});
  }
  zone::add(x.context->row.bytes_in, data.size());
  x.access.bytes_in += data.size();
  if (data.size() < kWorthHolding) {
    request_.append_copy(data);
  } else {
    request_.append(block, data);
  }
  give_body();
}

void H2ServerStream::on_end(Slice trailers) {
  reading_ = Reading::Complete;
  read_deadline_ = 0;
  request_trailers_ = trailers;
  give_body();
}

// Whether anybody waits for more of the request: not once it is answered, or its handler has failed.
bool H2ServerStream::wants_body() const {
  // Each direction of a tunnel ends by itself.
  if (is_tunnel_) return writing_ != Writing::Cut && exchange_->handler != nullptr;
  if (writing_ != Writing::None && writing_ != Writing::Body) return false;
  if (asks_for_tunnel_ && !is_tunnel_ && writing_ == Writing::Body) return false;
  return exchange_->handler != nullptr || !exchange_->head_sent;
}

// There are no windows any more once the stream is closed.
void H2ServerStream::taken(std::size_t bytes) {
  if (id() != 0) server_->codec().taken(*this, bytes);
}

// Gives the handler what it wants of what has come, and opens the stream's window by as much.
void H2ServerStream::give_body() {
  if (!wants_body()) return drop_body();
  exchange::Exchange& x = *exchange_;
  if (!x.handler || (asks_for_tunnel_ && !is_tunnel_)) return;
  if (!request_.empty() && x.handler->wants_request_body()) {
    const std::size_t bytes = request_.size();
    x.handler->on_request_body(request_);
    PROX_ASSERT(request_.empty());
    taken(bytes);
  }
  if (!request_.empty() || reading_ != Reading::Complete || end_told_) return;
  end_told_ = true;
  x.handler->on_request_end(request_trailers_);
}

void H2ServerStream::drop_body() {
  if (request_.empty()) return;
  taken(request_.size());
  request_.clear();
}

// A request that cannot be carried out any further: answers it, or cuts the answer that has begun, and lets its handler go.
void H2ServerStream::fail(const Error& error) {
  read_deadline_ = 0;
  exchange::fail(*exchange_, error);
  exchange_->handler.reset();
  drop_body();
}

bool H2ServerStream::go_on() {
  if (writing_ == Writing::Hanging) end_exchange();  // whoever hangs holds no block
  const bool was_resumed = std::exchange(resumed_, false);
  if (was_resumed) give_body();
  if (backed_up_ && response_.held_bytes() > net::kLowWater) {
    server_->want_look();
    return was_resumed;
  }
  const bool is_drained = std::exchange(backed_up_, false);
  if (is_drained) exchange::tell_drained(*exchange_);
  return was_resumed || is_drained;
}

void H2ServerStream::on_time(Millis now) {
  if (write_deadline_ != 0 && now >= write_deadline_) {
    if (is_delivering()) return give_up_delivery();
    note(exchange::kWriteTimeout);
    return cancel();
  }
  const bool is_late = read_deadline_ != 0 && now >= read_deadline_;
  if (!is_late && !is_too_slow(now)) return;
  if (!is_late) {
    note(exchange::kMinRate);
    if (!awaits_body()) return cancel();
  }
  fail(Error{Errc::TimedOut, Side::Downstream, false, 0, "reading a request"});
}

// What the connection holds back, either way, is no fault of this stream's client.
bool H2ServerStream::is_too_slow(Millis now) {
  const std::uint64_t rate = server_->connection().service().limits.min_rate;
  if (rate == 0) return false;
  const http::H2Codec& codec = server_->codec();
  if (awaits_body() && !codec.holds_peer_back()) return rate_.is_too_slow(now, body_bytes_, rate);
  if (id() != 0 && !is_tunnel_ && has_queued() && codec.is_held_back(*this))
    return rate_.is_too_slow(now, moved_bytes_, rate);
  rate_.pause();
  return false;
}

// A body is due: its handler has taken all of it that came and wants more, nothing is answered yet, and the client does not wait for
// leave to send it (RFC 9110 §10.1.1).
bool H2ServerStream::awaits_body() const {
  return reading_ == Reading::Body && writing_ == Writing::None && !asks_for_tunnel_ &&
         (may_send_body_ || body_bytes_ > 0) && request_.empty() && exchange_ &&
         exchange_->handler && exchange_->handler->wants_request_body();
}

// The client waits no longer, and may know it.
void H2ServerStream::cancel() {
  write_deadline_ = read_deadline_ = 0;
  writing_ = Writing::Cut;
  if (exchange_) exchange_->handler.reset();
  response_.clear();
  drop_body();
  server_->codec().reset(*this, http::H2Error::Cancel);
}

bool H2ServerStream::on_shed() {
  cancel();
  server_->want_turn();
  return false;
}

void H2ServerStream::on_drain() {
  if (writing_ == Writing::Hanging) cancel();
}

// ---- the response ----

void H2ServerStream::send_interim(const http::ResponseHead& head) {
  if (writing_ != Writing::None) return;
  may_send_body_ = may_send_body_ || head.status == 100;
  server_->codec().send_interim(*this, head);
}

void H2ServerStream::send_head(http::ResponseHead& head, BodyFraming body) {
  PROX_ASSERT(writing_ == Writing::None);
  exchange::Exchange& x = *exchange_;
  if (head.fields.find(http::FieldId::Date) == nullptr)
    head.fields.add("Date", current_date(), http::FieldId::Date);
  if (head.status == 204) body = {};
  bodyless_ = x.request.method == http::Method::Head || head.status == 204 || head.status == 304 ||
              !body.has_body();
  server_->codec().send_response(*this, head, body, bodyless_);
  zone::add(x.context->row.responses_total[static_cast<std::size_t>(head.status / 100) % 6]);
  x.access.status = static_cast<std::uint16_t>(head.status);
  writing_ = Writing::Body;
  rate_.pause();
  write_deadline_ = deadline_after(x.service->limits.write_timeout);
  server_->expect(write_deadline_);
}

void H2ServerStream::begin_tunnel(const http::ResponseHead& head) {
  PROX_ASSERT(writing_ == Writing::None && asks_for_tunnel_);
  server_->codec().begin_tunnel(*this, head);
  zone::add(exchange_->context->row.responses_total[2]);
  exchange_->access.status = 200;  // HTTP/2 knows no 101 (RFC 8441 §4)
  writing_ = Writing::Body;
  is_tunnel_ = true;
  read_deadline_ = write_deadline_ = 0;
  resume_request();  // the client may have sent bytes behind its request
}

// The stream closes when the last byte of both directions has passed.
void H2ServerStream::end_tunnel() {
  tunnel_over_ = true;
  server_->want_look();
  server_->want_turn();
}

bool H2ServerStream::is_delivering() const {
  return id() == 0 && is_tunnel_ && !tunnel_over_ && reading_ == Reading::Complete &&
         writing_ == Writing::Ended;
}

void H2ServerStream::begin_delivery() {
  write_deadline_ = deadline_after(server_->connection().service().limits.idle_timeout);
  server_->expect(write_deadline_);
}

void H2ServerStream::give_up_delivery() {
  write_deadline_ = 0;
  exchange_->handler.reset();
  end_tunnel();
}

void H2ServerStream::send_body(net::Buffer& data) {
  if (bodyless_ || data.empty() || writing_ != Writing::Body) return data.clear();
  zone::add(exchange_->context->row.bytes_out, data.size());
  exchange_->access.bytes_out += data.size();
  response_.append_all(data);
  server_->codec().resume(*this);
}

void H2ServerStream::end_response(Slice trailers) {
  if (writing_ != Writing::Body) return;
  writing_ = Writing::Ended;
  response_trailers_ = trailers;
  if (!bodyless_) server_->codec().resume(*this);
  server_->want_turn();
}

void H2ServerStream::drop_exchange(exchange::DropMode mode) {
  PROX_ASSERT(writing_ == Writing::None);
  read_deadline_ = 0;
  server_->want_turn();
  ConnectionHost& host = server_->connection().host();
  if (mode == exchange::DropMode::Close || host.is_draining()) {
    writing_ = Writing::Cut;
    return server_->codec().reset(*this, http::H2Error::Cancel);
  }
  writing_ = Writing::Hanging;
  write_deadline_ = deadline_after(hang_time(server_->connection().service().limits.write_timeout));
  server_->expect(write_deadline_);
  server_->want_look();
  host.hung().enter(*this);
}

void H2ServerStream::cut_response() {
  if (is_delivering()) return end_tunnel();
  writing_ = Writing::Cut;
  response_.clear();
  server_->codec().reset(*this,
                         is_tunnel_ ? http::H2Error::ConnectError : http::H2Error::InternalError);
  server_->want_turn();
}

http::H2Codec::Outgoing H2ServerStream::outgoing() const {
  return {response_.size(), writing_ == Writing::Ended, response_trailers_};
}

void H2ServerStream::flush() { server_->want_turn(); }

// Whoever is told so will be told when it is over.
bool H2ServerStream::is_backed_up() {
  const bool is_above = response_.held_bytes() > net::kHighWater;
  if (is_above) {
    backed_up_ = true;
    server_->want_look();
  }
  return is_above;
}

void H2ServerStream::resume_request() {
  resumed_ = true;
  server_->want_look();
  server_->want_turn();
}

// ---- the pool ----

H2StreamPool::H2StreamPool(base::BlockPool& blocks) : blocks_(blocks) {}
H2StreamPool::~H2StreamPool() = default;

H2StreamPool::Ptr H2StreamPool::take() {
  if (free_.empty()) return Ptr(new H2ServerStream(blocks_), GiveBack{this});
  H2ServerStream* stream = free_.back().release();
  free_.pop_back();
  return Ptr(stream, GiveBack{this});
}

void H2StreamPool::give_back(H2ServerStream* stream) {
  constexpr std::size_t kKept =
      1024;  // what a burst leaves behind beyond this goes back to the heap
  std::unique_ptr<H2ServerStream> owned(stream);
  owned->release();
  if (free_.size() < kKept) free_.push_back(std::move(owned));
}

}  // namespace prox::downstream
