#include "prox/upstream/h1_client.h"

#include <cstring>
#include <utility>

#include "prox/base/assert.h"
#include "prox/upstream/pool.h"

namespace prox::upstream {

namespace {

using base::Errc;
using base::Error;
using base::Side;

constexpr std::size_t kReadSize = base::BlockPool::kLarge;
constexpr int kReadsPerTurn =
    16;  // at most half a MiB before the other connections have their turn

Error upstream_error(Errc code, std::string_view context) {
  return Error{code, Side::Upstream, false, 0, context};
}

}  // namespace

H1Client::H1Client(net::Loop& loop, base::BlockPool& blocks, net::Resolver& resolver, Pool& home,
                   const Target& target, Receiver& receiver, bool is_single)
    : loop_(loop),
      home_(home),
      target_(target),
      receiver_(&receiver),
      stream_(loop, blocks),
      task_(&H1Client::on_task, this),
      body_(blocks),
      is_single_(is_single) {
  timer_.init(loop, &H1Client::on_deadline, this);
  dialer_ = std::make_unique<Dialer>(loop, blocks, &H1Client::on_dialed, this);
  dialer_->dial(resolver, target, "http/1.1", home.session());
}

void H1Client::reuse(Receiver& receiver) {
  PROX_ASSERT(state_ == State::Idle);
  receiver_ = &receiver;
  state_ = State::AwaitingHead;
  is_reused_ = true;
  got_bytes_ = false;
  was_backed_up_ = false;
  request_ended_ = false;
}

void H1Client::on_dialed(void* self, base::Result<Dialed> outcome) {
  auto* client = static_cast<H1Client*>(self);
  if (!outcome) return client->fail(outcome.error());
  client->state_ = State::AwaitingHead;
  if (!outcome->protocol.empty() && !outcome->protocol.starts_with("http/1."))
    return client->fail(upstream_error(Errc::TlsFailed, "agreeing on HTTP/1.1 with the target"));
  if (!client->stream_.open(std::move(outcome->transport), &H1Client::on_event, client))
    return client->fail(upstream_error(Errc::SystemCall, "watching the target's socket"));
  if (client->receiver_ != nullptr) client->receiver_->on_connected();
  // Not in this call: the dialer, on whose stack we are, must not be freed by what follows.
  client->task_.post(client->loop_);
}

void H1Client::send_head(const http::RequestHead& head, http::BodyFraming body) {
  method_ = head.method;
  upgrade_ = head.upgrade;
  chunked_request_ = body.kind == http::BodyFraming::Kind::Chunked;
  if (lacks_websocket_key(head)) return send_websocket_head(head);
  write_head(head, body);
}

void H1Client::write_head(const http::RequestHead& head, http::BodyFraming body) {
  char* begin = stream_.output().reserve(http::request_head_size(head));
  char* end = http::write_request_head(head, body, connection_option(head), begin);
  stream_.output().commit(static_cast<std::size_t>(end - begin));
}

http::ConnectionOption H1Client::connection_option(const http::RequestHead& head) const {
  if (!head.upgrade.empty()) return http::ConnectionOption::Upgrade;
  const bool ends = is_single_ && head.method != http::Method::Connect;
  return ends ? http::ConnectionOption::Close : http::ConnectionOption::None;
}

void H1Client::send_body(net::Buffer& data) {
  if (data.empty()) return;
  net::Buffer& out = stream_.output();
  if (failure_) return data.clear();  // nobody will read it
  if (!chunked_request_) return out.append_all(data);
  char* begin = out.reserve(http::kMaxChunkLine);
  out.commit(static_cast<std::size_t>(http::write_chunk_line(data.size(), begin) - begin));
  out.append_all(data);
  out.append_copy("\r\n");
}

void H1Client::end_request(Slice trailers) {
  request_ended_ = true;
  if (!chunked_request_) return;
  net::Buffer& out = stream_.output();
  out.append_copy("0\r\n");
  out.append_copy(trailers);
  out.append_copy("\r\n");
}

void H1Client::flush() {
  if (failure_) return;
  if (!stream_.is_open()) {
    was_backed_up_ = is_backed_up();
    return;
  }
  if (base::Result<void> done = stream_.flush(); !done) {
    // The target stopped reading. It may have answered before it did (413 and close): what it sent is read first, and only
    // if that is no response is this a failure.
    stream_.output().clear();
    request_ended_ = false;
    stream_.wake();  // its RST counts as readable, so reading ends in an error, not in a wait
    return;
  }
  was_backed_up_ = was_backed_up_ || is_backed_up();
  if (state_ == State::Tunnel || state_ == State::TunnelEnded) shut_tunnel();
  set_head_deadline();
}

// The target's time runs while it is its turn: not while the client takes its time with the body.
void H1Client::set_head_deadline() {
  if (state_ != State::AwaitingHead) return;
  const base::Millis limit =
      method_ == http::Method::Connect ? target_.tunnel_timeout : target_.response_header_timeout;
  if (limit == 0) return;
  if (request_ended_ || !stream_.output().empty()) {
    timer_.set_after(limit);
  } else {
    timer_.cancel();
  }
}

void H1Client::resume() {
  if (state_ != State::Connecting) task_.post(loop_);  // while connecting nothing was stopped
}

void H1Client::give_back(std::unique_ptr<ClientStream> self) {
  receiver_ = nullptr;
  timer_.cancel();
  task_.cancel();
  if (can_be_reused()) {
    self.release();
    state_ = State::Idle;
    parser_.reset();
    idle_since_ = base::coarse_now();
    home_.put(std::unique_ptr<H1Client>(this));
    return;
  }
  // A tunnel that is given up in the middle must not look ended.
  const bool is_cut = state_ == State::Tunnel || state_ == State::TunnelEnded;
  state_ = State::Ended;
  dialer_.reset();
  stream_.close(is_cut);
  loop_.defer_delete(std::move(self));
}

bool H1Client::can_be_reused() const {
  // Bytes behind a complete response were not asked for: such a connection is not trusted again. Nor is one whose end came with the
  // response, in one event: no other would tell.
  return state_ == State::Ended && keep_alive_ && !is_single_ && request_ended_ && !failure_ &&
         stream_.is_open() && stream_.output().empty() && stream_.is_quiet();
}

void H1Client::on_event(void* self) {
  auto* client = static_cast<H1Client*>(self);
  if (client->state_ != State::Idle) return client->progress();
  const base::Result<net::Stream::Fill> got = client->stream_.fill(1);
  if (!got || *got != net::Stream::Fill::Nothing) client->home_.drop(*client);
}

void H1Client::on_task(void* self) {
  auto* client = static_cast<H1Client*>(self);
  client->dialer_.reset();
  if (client->failure_) return client->deliver_failure();
  client->progress();
}

void H1Client::on_deadline(void* self) {
  auto* client = static_cast<H1Client*>(self);
  client->fail(upstream_error(Errc::HeadTimedOut, "waiting for the target's response head"));
}

void H1Client::progress() {
  if (failure_ || receiver_ == nullptr) return;
  if (!stream_.output().empty()) flush();
  if (was_backed_up_ && stream_.output().held_bytes() <= net::kLowWater) {
    was_backed_up_ = false;
    receiver_->on_request_drained();
  }
  read();
}

void H1Client::read() {
  int reads = 0;
  while (!failure_) {
    const bool goes_on = take_input();
    if (receiver_ == nullptr) return;
    if (!goes_on) break;
    if (!receiver_->wants_response()) {
      receiver_->on_response_pause();
      if (!receiver_->wants_response()) return;  // resume() goes on
    }
    if (++reads > kReadsPerTurn) {
      task_.post(loop_);
      break;
    }
    const base::Result<net::Stream::Fill> got = stream_.fill(kReadSize, reads > 1);
    if (!got) {
      Error error = got.error();
      error.side = Side::Upstream;
      fail(error);
      break;
    }
    if (*got == net::Stream::Fill::Nothing) break;
    if (*got == net::Stream::Fill::Closed) {
      on_peer_close();
      if (receiver_ == nullptr) return;
      break;
    }
    got_bytes_ = true;
  }
  receiver_->on_response_pause();
}

// Whether reading should go on: false when the response is over or failed.
bool H1Client::take_input() {
  switch (state_) {
    case State::AwaitingHead: return read_head();
    case State::Body: return read_body();
    case State::Tunnel: return read_tunnel();
    case State::TunnelEnded: end_tunnel(); return false;
    case State::Connecting:
    case State::Ended:
    case State::Idle: return false;
  }
  return false;
}

bool H1Client::read_head() {
  while (state_ == State::AwaitingHead && !stream_.input().empty()) {
    http::ResponseHead& head = receiver_->response_head();
    const base::Result<http::H1Parser::Progress> parsed =
        parser_.parse_response(stream_.input(), head);
    if (!parsed) {
      fail(parsed.error());
      return false;
    }
    if (*parsed == http::H1Parser::Progress::NeedMore) return true;
    if (head.is_interim() && head.status != 101) {
      receiver_->on_interim();
    } else if (!(agrees_to_tunnel(head) ? begin_tunnel() : begin_body())) {
      return false;
    }
    stream_.consume(parser_.head_bytes());
    parser_.reset();
    head.clear();
  }
  if (state_ == State::Tunnel) return read_tunnel();
  return state_ == State::Body ? read_body() : true;
}

bool H1Client::begin_body() {
  const http::ResponseHead& head = receiver_->response_head();
  if (head.status == 101) {
    fail(upstream_error(Errc::BadMessage, "switching protocols unasked"));
    return false;
  }
  if (method_ == http::Method::Connect) {
    fail(upstream_error(Errc::ConnectFailed, "asking the target for a tunnel"));
    return false;
  }
  const base::Result<http::BodyFraming> framing = http::response_framing(head, method_);
  if (!framing) {
    fail(framing.error());
    return false;
  }
  timer_.cancel();
  keep_alive_ = framing->kind != http::BodyFraming::Kind::UntilClose &&
                http::wants_keep_alive(head.version, head.fields);
  decoder_.start(*framing, Side::Upstream);
  state_ = State::Body;
  receiver_->on_response_head(*framing);
  return true;
}

bool H1Client::read_body() {
  for (;;) {
    const base::Result<http::BodyDecoder::Step> step = decoder_.decode(stream_.input());
    if (!step) {
      fail(step.error());
      return false;
    }
    body_.append(stream_.block(), step->data);
    stream_.consume(step->consumed);
    if (step->end || step->consumed == 0) break;
  }
  if (!body_.empty()) receiver_->on_response_body(body_);
  if (!decoder_.is_complete()) return true;
  state_ = State::Ended;
  receiver_->on_response_end(decoder_.trailers());
  return false;
}

void H1Client::on_peer_close() {
  if (state_ == State::Tunnel) {
    state_ = State::TunnelEnded;
    receiver_->on_response_end({});
    return end_tunnel();
  }
  if (state_ == State::AwaitingHead)
    return fail(upstream_error(Errc::PeerClosed, "waiting for the target's response head"));
  if (const base::Result<void> whole = decoder_.finish_at_close(); !whole)
    return fail(whole.error());
  state_ = State::Ended;
  keep_alive_ = false;
  receiver_->on_response_end(decoder_.trailers());
}

void H1Client::fail(Error error) {
  if (failure_) return;
  error.retryable =
      error.retryable || (is_reused_ && !got_bytes_ && error.code != Errc::HeadTimedOut);
  failure_ = error;
  timer_.cancel();
  task_.post(loop_);
}

void H1Client::deliver_failure() {
  state_ = State::Ended;
  if (receiver_ != nullptr) receiver_->on_failure(*failure_);
}

}  // namespace prox::upstream
