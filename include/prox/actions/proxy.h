#pragma once

#include <memory>
#include <string>
#include <vector>

#include "prox/exchange/exchange.h"
#include "prox/exchange/service.h"
#include "prox/upstream/target.h"

namespace prox::actions {

// One entry of an action's `headers`: sets a field to one value, or removes it.
struct HeaderEdit {
  std::string name;
  std::string value;
  bool remove = false;
};

// `proxy`: passes the request on to a target and its response back.
class ProxyAction final : public exchange::Action {
 public:
  // `target` belongs to the plan. A `Host` edit replaces the target's authority; `preserve_host` sends the client's.
  ProxyAction(const upstream::Target& target, std::vector<HeaderEdit> headers, bool preserve_host);

  std::unique_ptr<exchange::Handler> make_handler(exchange::Exchange& exchange) const override;

  const upstream::Target& target() const { return target_; }
  // Fills exchange.forward from exchange.request: what the target is to see. Slices point into the request's block, the plan and the
  // exchange's scratch strings.
  void build_forward(exchange::Exchange& exchange) const;

 private:
  http::Slice forward_target(exchange::Exchange& exchange) const;

  const upstream::Target& target_;
  std::vector<HeaderEdit> headers_;
  std::string host_;  // set by a Host edit, else empty
  bool preserve_host_;
};

// Takes out of a response what was meant for this connection only (RFC 9110 §7.6.1), and the framing fields, which the client's side sets
// anew. `keep_length`: the Content-Length tells of a body that is not sent (HEAD, 304).
void remove_hop_by_hop(http::ResponseHead& head, bool keep_length);

}  // namespace prox::actions
