// The response half of the server: what handlers send, framed for HTTP/1 and on its way to the client.

#include "downstream/date.h"
#include "prox/base/assert.h"
#include "prox/downstream/connection.h"
#include "prox/downstream/h1_server.h"
#include "prox/exchange/response.h"

namespace prox::downstream {

using base::Millis;
using http::BodyFraming;

void H1Server::send_interim(const http::ResponseHead& head) {
  if (exchange_->request.version == http::Version::Http10 || writing_ != Writing::None) return;
  if (head.status == 100) continue_sent_ = true;
  net::Buffer& out = connection_.stream().output();
  char* begin = out.reserve(http::response_head_size(head));
  char* end = http::write_response_head(head, {}, http::ConnectionOption::None, begin);
  out.commit(static_cast<std::size_t>(end - begin));
}

void H1Server::send_head(http::ResponseHead& head, BodyFraming body) {
  PROX_ASSERT(writing_ == Writing::None);
  exchange::Exchange& x = *exchange_;
  writing_ = Writing::Body;
  rate_.pause();
  x.access.status = static_cast<std::uint16_t>(head.status);
  bodyless_ = x.request.method == http::Method::Head || head.status == 204 || head.status == 304;
  const bool is_http10 = x.request.version == http::Version::Http10;
  if (body.kind == BodyFraming::Kind::UntilClose || body.kind == BodyFraming::Kind::Chunked) {
    body.kind = is_http10 ? BodyFraming::Kind::UntilClose : BodyFraming::Kind::Chunked;
  }
  if (head.status == 204) body = {};
  // HTTP/2 says by END_STREAM that nothing follows the head; HTTP/1 would wait for the end of the connection (RFC 9112 §6.3).
  if (body.kind == BodyFraming::Kind::None && !bodyless_) body = {BodyFraming::Kind::Length, 0};
  chunked_response_ = body.kind == BodyFraming::Kind::Chunked;
  close_delimited_ = body.kind == BodyFraming::Kind::UntilClose && !bodyless_;
  // A client that waits for 100 may or may not send its body after a final answer: only closing is unambiguous (RFC 9110 §10.1.1).
  const bool body_may_not_come = reading_ == Reading::Body && !continue_sent_ &&
                                 x.request.fields.find(http::FieldId::Expect) != nullptr;
  // After CONNECT the client may send what is meant for a tunnel, never a request (RFC 9110 §9.3.6).
  if (x.request.method == http::Method::Connect) keep_alive_ = false;
  if (close_delimited_ || body_may_not_come || !connection_.host().may_keep(connection_))
    keep_alive_ = false;
  if (head.fields.find(http::FieldId::Date) == nullptr)
    head.fields.add("Date", current_date(), http::FieldId::Date);

  net::Buffer& out = connection_.stream().output();
  char* begin = out.reserve(http::response_head_size(head));
  char* end = http::write_response_head(head, body, connection_option(), begin);
  out.commit(static_cast<std::size_t>(end - begin));
  zone::add(x.context->row.responses_total[static_cast<std::size_t>(head.status / 100) % 6]);
  if (const Millis limit = x.service->limits.write_timeout; limit > 0)
    write_deadline_ = base::coarse_now() + limit;
}

http::ConnectionOption H1Server::connection_option() const {
  if (!keep_alive_) return http::ConnectionOption::Close;
  return exchange_->request.version == http::Version::Http10 ? http::ConnectionOption::KeepAlive
                                                             : http::ConnectionOption::None;
}

void H1Server::send_body(net::Buffer& data) {
  if (bodyless_ || data.empty()) return data.clear();
  zone::add(exchange_->context->row.bytes_out, data.size());
  exchange_->access.bytes_out += data.size();
  net::Buffer& out = connection_.stream().output();
  if (!chunked_response_) return out.append_all(data);
  char* begin = out.reserve(http::kMaxChunkLine);
  out.commit(static_cast<std::size_t>(http::write_chunk_line(data.size(), begin) - begin));
  out.append_all(data);
  out.append_copy("\r\n");
}

void H1Server::end_response(Slice trailers) {
  writing_ = Writing::Ended;
  if (chunked_response_ && !bodyless_) {
    net::Buffer& out = connection_.stream().output();
    out.append_copy("0\r\n");
    out.append_copy(trailers);
    out.append_copy("\r\n");
  }
  if (!in_read_) settle_.post(loop_);
}

void H1Server::drop_exchange(exchange::DropMode mode) {
  PROX_ASSERT(writing_ == Writing::None);
  writing_ = Writing::Dropped;
  drop_mode_ = mode;
  settle_.post(loop_);
}

void H1Server::cut_response() {
  writing_ = Writing::Cut;
  keep_alive_ = false;
  settle_.post(loop_);
}

void H1Server::flush() {
  if (in_read_ || broken_) return;
  flush_or_break();
  // A deadline that is new must be set even if the output has left: the response may not be complete.
  update_deadline();
}

void H1Server::flush_or_break() {
  if (const base::Result<void> done =
          leaving_.empty() ? connection_.stream().flush() : flush_leaving();
      !done) {
    break_off(exchange::kClientReset);
    settle_.post(loop_);
  }
}

base::Result<void> H1Server::flush_leaving() {
  net::Stream& stream = connection_.stream();
  const std::size_t before = stream.output().size();
  base::Result<void> done = stream.flush();
  leaving_.on_sent(before - stream.output().size());
  return done;
}

// Whoever is told so will be told when it is over.
bool H1Server::is_backed_up() {
  const bool is_above = connection_.stream().output().held_bytes() > net::kHighWater;
  backed_up_ = backed_up_ || is_above;
  return is_above;
}

void H1Server::tell_drained() {
  if (!backed_up_ || connection_.stream().output().held_bytes() > net::kLowWater) return;
  backed_up_ = false;
  if (exchange_) exchange::tell_drained(*exchange_);
}

// Output that had to wait goes on. False if the connection was closed.
bool H1Server::write_output() {
  flush_or_break();
  if (broken_) {
    connection_.close();
    return false;
  }
  return true;
}

}  // namespace prox::downstream
