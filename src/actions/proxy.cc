#include "prox/actions/proxy.h"

#include <optional>
#include <utility>

#include "prox/base/assert.h"
#include "prox/base/pooled.h"
#include "prox/exchange/error_response.h"
#include "prox/exchange/response.h"
#include "prox/upstream/client_stream.h"

namespace prox::actions {

namespace {

using base::Errc;
using base::Error;
using base::Side;
using http::Slice;

class ProxyHandler final : public exchange::Handler,
                           public upstream::Receiver,
                           public base::Pooled<ProxyHandler> {
 public:
  ProxyHandler(const ProxyAction& action, exchange::Exchange& exchange)
      : action_(action), x_(exchange) {}
  ~ProxyHandler() override { give_back(); }

  void start() override;
  void on_request_body(net::Buffer& data) override;
  void on_request_end(Slice trailers) override;
  bool wants_request_body() const override { return !stream_ || !stream_->is_backed_up(); }
  void on_response_drained() override;

  void on_connected() override { x_.access.connected = x_.context->loop.turn_time(); }
  http::ResponseHead& response_head() override { return x_.response; }
  void on_interim() override;
  void on_response_head(http::BodyFraming body) override;
  void on_tunnel() override;
  void on_tunnel_end() override;
  void on_response_body(net::Buffer& data) override { x_.sink->send_body(data); }
  void on_response_end(Slice trailers) override;
  void on_response_pause() override { x_.sink->flush(); }
  bool wants_response() const override { return !x_.sink->is_backed_up(); }
  void on_request_drained() override { x_.sink->resume_request(); }
  void on_failure(const Error& error) override;

 private:
  void open(upstream::Connect how);
  void note_answer();
  void give_back();
  std::optional<upstream::Connect> another_way(const Error& error) const;

  const ProxyAction& action_;
  exchange::Exchange& x_;
  std::unique_ptr<upstream::ClientStream>
      stream_;  // none before start, and once the response is complete or has failed
  bool retried_ = false;
  bool is_tunnel_ = false;
};

void ProxyHandler::start() {
  // What belongs to the tunnel and what to its request could not be told apart (RFC 9110 §9.3.6).
  if (x_.request.method == http::Method::Connect && x_.request_body.has_body()) {
    return exchange::fail(
        x_, Error{Errc::BadMessage, Side::Downstream, false, 0, "reading a CONNECT with a body"});
  }
  action_.build_forward(x_);
  open(action_.goes_alone(x_) ? upstream::Connect::Single : upstream::Connect::Any);
}

void ProxyHandler::open(upstream::Connect how) {
  x_.access.upstream = action_.target().address.authority;
  x_.access.upstream_started = x_.context->loop.turn_time();
  x_.access.connected = 0;
  stream_ = x_.context->pools.of(action_.target()).open(*this, how);
  stream_->send_head(x_.forward, x_.request_body);
  if (x_.request_body.has_body()) {
    stream_->flush();
    return;
  }
  stream_->end_request({});
  stream_->flush();
}

void ProxyHandler::on_request_body(net::Buffer& data) {
  if (!stream_) return data.clear();  // answered already; the rest interests nobody
  stream_->send_body(data);
  stream_->flush();
}

void ProxyHandler::on_request_end(Slice trailers) {
  if (!stream_ || !(is_tunnel_ || x_.request_body.has_body())) return;
  stream_->end_request(trailers);
  stream_->flush();
}

void ProxyHandler::on_response_drained() {
  if (stream_) stream_->resume();
}

void ProxyHandler::on_interim() {
  remove_hop_by_hop(x_.response, false);
  x_.sink->send_interim(x_.response);
  x_.sink->flush();
}

void ProxyHandler::note_answer() {
  x_.access.answered = x_.context->loop.turn_time();
  x_.access.upstream_status = static_cast<std::uint16_t>(x_.response.status);
}

void ProxyHandler::on_response_head(http::BodyFraming body) {
  note_answer();
  const int status = x_.response.status;
  const bool tells_unsent_length =
      status == 304 || (x_.request.method == http::Method::Head && status != 204);
  remove_hop_by_hop(x_.response, tells_unsent_length);
  exchange::send_head(x_, body);
}

void ProxyHandler::on_tunnel() {
  is_tunnel_ = true;
  note_answer();
  http::ResponseHead& head = x_.response;
  if (x_.request.method == http::Method::Connect) {
    head.clear();
    head.status = 200;
    head.reason = "Connection Established";
  } else {
    remove_hop_by_hop(head, false);
  }
  x_.head_sent = true;
  x_.sink->begin_tunnel(head);
}

void ProxyHandler::on_response_end(Slice trailers) {
  x_.sink->end_response(trailers);
  x_.sink->flush();
  if (!is_tunnel_) give_back();
}

void ProxyHandler::on_tunnel_end() {
  give_back();
  x_.sink->end_tunnel();
}

void ProxyHandler::on_failure(const Error& error) {
  const std::optional<upstream::Connect> how = another_way(error);
  give_back();
  if (!how) return exchange::fail(x_, error);
  retried_ = true;
  ++x_.access.retries;
  x_.response.clear();
  open(*how);
}

// A kept connection that ends before the first byte of an answer was most likely closed while idle; what may be sent twice, and
// of which no body byte is gone, is sent once more (RFC 9112 §9.3.1).
// An upgrade that the target's shared connections cannot carry goes over one of its own.
std::optional<upstream::Connect> ProxyHandler::another_way(const Error& error) const {
  if (retried_ || x_.head_sent || x_.request_body.has_body()) return std::nullopt;
  if (error.code == Errc::NotSupported) return upstream::Connect::Single;
  if (error.retryable && stream_->is_reused() && http::is_idempotent(x_.request.method))
    return upstream::Connect::New;
  return std::nullopt;
}

void ProxyHandler::give_back() {
  if (!stream_) return;
  upstream::ClientStream& stream = *stream_;
  stream.give_back(std::move(stream_));
}

}  // namespace

ProxyAction::ProxyAction(const upstream::Target& target, ProxyOptions options)
    : target_(target),
      headers_(std::move(options.headers)),
      preserve_host_(options.preserve_host),
      stream_(options.stream) {
  for (const HeaderEdit& edit : headers_) {
    if (http::equal_ignoring_case(edit.name, "Host") && !edit.remove) host_ = edit;
  }
  std::erase_if(headers_, [](const HeaderEdit& edit) {
    return http::equal_ignoring_case(edit.name, "Host");
  });
}

bool ProxyAction::goes_alone(const exchange::Exchange& x) const {
  const http::RequestHead& request = x.request;
  // A body before the switch of protocols is something that only HTTP/1.1 knows.
  const bool has_body_and_upgrade = !request.upgrade.empty() && x.request_body.has_body();
  return stream_ || has_body_and_upgrade || request.method == http::Method::Connect ||
         request.form == http::TargetForm::Absolute;
}

std::unique_ptr<exchange::Handler> ProxyAction::make_handler(exchange::Exchange& exchange) const {
  return std::make_unique<ProxyHandler>(*this, exchange);
}

}  // namespace prox::actions
