#pragma once

#include "prox/base/slice.h"
#include "prox/net/buffer.h"

namespace prox::exchange {

using base::Slice;

// Carries out an action for one exchange. Destroyed when the exchange is over, which may be at any time between its calls: the client has
// gone, or the worker stops; it then lets go of what it holds.
class Handler {
 public:
  virtual ~Handler() = default;

  virtual void start() = 0;
  // A part of the request's body, to be taken whole.
  virtual void on_request_body(net::Buffer& data) = 0;
  // The request is complete. Called for every request, after start(), and once more where it has become a tunnel: the client will send no
  // more. `trailers`: whole lines, or empty.
  virtual void on_request_end(Slice trailers) = 0;
  // False stops reading the body, until ResponseSink::resume_request().
  virtual bool wants_request_body() const = 0;
  // After ResponseSink::is_backed_up(): more of the response may be sent.
  virtual void on_response_drained() = 0;
};

}  // namespace prox::exchange
