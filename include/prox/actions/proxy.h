#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "prox/exchange/exchange.h"
#include "prox/exchange/service.h"
#include "prox/routing/template.h"
#include "prox/upstream/target.h"

namespace prox::actions {

// One entry of an action's `headers`: sets a field to one value, or removes it.
struct HeaderEdit {
  std::string name;
  std::string value;
  bool remove = false;
  std::optional<routing::Template> variables =
      std::nullopt;  // what `value` is if that depends on the request
};

struct ProxyOptions {
  std::vector<HeaderEdit> headers;  // a `Host` edit replaces the target's authority
  bool preserve_host = false;       // send the client's Host
  bool stream = false;              // a connection to the target for each request
};

// `proxy`: passes the request on to a target and its response back; with CONNECT and Upgrade, opens a tunnel to it.
class ProxyAction final : public exchange::Action {
 public:
  // `target` belongs to the plan.
  ProxyAction(const upstream::Target& target, ProxyOptions options);

  std::unique_ptr<exchange::Handler> make_handler(exchange::Exchange& exchange) const override;

  const upstream::Target& target() const { return target_; }
  // Fills exchange.forward from exchange.request: what the target is to see. Slices point into the request's block, the plan and the
  // exchange's scratch strings.
  void build_forward(exchange::Exchange& exchange) const;
  // Whether its connection is not shared with other requests.
  bool goes_alone(const exchange::Exchange& exchange) const;

 private:
  http::Slice forward_target(exchange::Exchange& exchange) const;
  http::Slice forward_host(const http::RequestHead& request) const;
  void add_forwarded(exchange::Exchange& exchange) const;
  void edit_fields(exchange::Exchange& exchange) const;

  const upstream::Target& target_;
  std::vector<HeaderEdit> headers_;  // without Host
  std::optional<HeaderEdit> host_;   // one that sets Host
  bool preserve_host_;
  bool stream_;
};

// Takes out of a response what was meant for this connection only (RFC 9110 §7.6.1), and the framing fields, which the client's side sets
// anew. `keep_length`: the Content-Length tells of a body that is not sent (HEAD, 304).
void remove_hop_by_hop(http::ResponseHead& head, bool keep_length);

}  // namespace prox::actions
