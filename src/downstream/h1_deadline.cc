// The one deadline of an HTTP/1 connection: what it is for in each state, and what becomes of a client that is late or too slow.

#include "downstream/deadline.h"
#include "prox/downstream/connection.h"
#include "prox/downstream/h1_server.h"
#include "prox/net/acked_bytes.h"

namespace prox::downstream {

namespace {

using base::Errc;
using base::Error;
using base::Millis;
using base::Side;

// How often a client is looked at that has a response due, or is waited for: a reset in one event with its request shows in no other,
// and it may be too slow.
constexpr Millis kClientCheck = 1'000;

}  // namespace

void H1Server::on_deadline() {
  const Millis now = base::coarse_now();
  if (write_deadline_ != 0 && now >= write_deadline_)
    return close_for(exchange::kWriteTimeout, true);
  if (read_deadline_ == 0 || now < read_deadline_) return look_at_client(now);
  if (reading_ == Reading::Idle || (reading_ == Reading::Head && !parser_.has_started()))
    return connection_.close();
  if (reading_ == Reading::Head) {
    // The bytes may have moved since they were looked at, and nothing more comes that the parser would be asked about.
    exchange_->request.clear();
    begin_exchange();
  }
  if (reading_ == Reading::Head || reading_ == Reading::Body) return give_up_request();
  connection_.close();
}

void H1Server::give_up_request() {
  fail_request(Error{Errc::TimedOut, Side::Downstream, false, 0, "reading a request"});
  if (!write_output()) return;
  after_turn();
}

// Every now and then, while the client is waited for or waits itself.
void H1Server::look_at_client(Millis now) {
  look_deadline_ = 0;
  if (owes_response() && connection_.stream().has_ended()) return close_for(exchange::kClientReset);
  if (!is_too_slow(now)) return update_deadline();
  if (awaits_body()) {
    exchange_->access.note(exchange::kMinRate);
    return give_up_request();
  }
  close_for(exchange::kMinRate, true);
}

bool H1Server::is_too_slow(Millis now) {
  const std::uint64_t rate = connection_.service().limits.min_rate;
  if (rate == 0) return false;
  if (awaits_body()) return rate_.is_too_slow(now, body_bytes_, rate);
  if (!is_tunnel() && !connection_.stream().output().empty()) {
    const auto moved = net::acked_bytes(connection_.stream().fd());
    return moved && rate_.is_too_slow(now, *moved, rate);
  }
  rate_.pause();
  return false;
}

// A body is due: its handler wants it, nothing is answered yet, and the client does not wait for leave to send it (RFC 9110 §10.1.1).
bool H1Server::awaits_body() const {
  if (reading_ != Reading::Body || writing_ != Writing::None) return false;
  const exchange::Exchange& x = *exchange_;
  const bool may_wait = body_bytes_ == 0 && !continue_sent_ &&
                        x.request.fields.find(http::FieldId::Expect) != nullptr;
  return !may_wait && x.handler && x.handler->wants_request_body();
}

void H1Server::update_deadline() {
  const bool writing = writing_ != Writing::None || !connection_.stream().output().empty();
  if (!writing) write_deadline_ = 0;
  // The wait for the next request begins when the last response has left.
  if (reading_ == Reading::Idle && !closing_ && is_kept_) {
    const Millis limit = connection_.service().limits.idle_timeout;
    if (writing) {
      read_deadline_ = 0;
    } else if (read_deadline_ == 0 && limit > 0) {
      read_deadline_ = base::coarse_now() + limit;
    }
  }
  Millis deadline = earlier(read_deadline_, write_deadline_);
  if (!owes_response() && !awaits_body() && (!writing || is_tunnel())) {
    look_deadline_ = 0;
  } else if (look_deadline_ == 0) {
    look_deadline_ = base::coarse_now() + kClientCheck;
  }
  deadline = earlier(deadline, look_deadline_);
  connection_.set_deadline(deadline);
}

bool H1Server::owes_response() const {
  return reading_ == Reading::Complete && writing_ != Writing::Ended && !closing_;
}

}  // namespace prox::downstream
