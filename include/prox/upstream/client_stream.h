#pragma once

#include <memory>

#include "prox/base/error.h"
#include "prox/base/slice.h"
#include "prox/http/framing.h"
#include "prox/http/request.h"
#include "prox/http/response.h"
#include "prox/net/buffer.h"
#include "prox/net/loop.h"

namespace prox::upstream {

using base::Slice;

// Who sent a request and waits for its response. All calls come from the loop, never from inside a call to the ClientStream.
class Receiver {
 public:
  // A connection was made for this request.
  virtual void on_connected() {}
  // Where the response head is to be parsed into.
  virtual http::ResponseHead& response_head() = 0;
  // A 1xx head other than 101 has come; its slices die when this returns.
  virtual void on_interim() = 0;
  // The final head has come; its slices die when this returns.
  virtual void on_response_head(http::BodyFraming body) = 0;
  // Instead of on_response_head: the target has agreed (101 to the head's upgrade, 2xx to CONNECT), and there is a tunnel: raw bytes come
  // as a body without trailers and go by send_body, each way until its end, under no time limit.
  virtual void on_tunnel() = 0;
  // A part of the body, to be taken whole.
  virtual void on_response_body(net::Buffer& data) = 0;
  // The response is complete. The stream may be given back now; of a tunnel only the target's direction has ended.
  virtual void on_response_end(Slice trailers) = 0;
  // Both directions of a tunnel have ended, and all of ours has left. The stream may be given back now.
  virtual void on_tunnel_end() = 0;
  // All that could be read now has been passed on: time to flush.
  virtual void on_response_pause() = 0;
  // False stops reading, until resume().
  virtual bool wants_response() const = 0;
  // After is_backed_up(): more of the request may be sent.
  virtual void on_request_drained() = 0;
  // No response, or not all of it, will come. The stream may only be given back now.
  virtual void on_failure(const base::Error& error) = 0;

 protected:
  ~Receiver() = default;
};

// One request to a target and its response, whatever protocol carries them. Owned by its receiver from Pool::open to give_back().
class ClientStream : public net::Deletable {
 public:
  // Queues the head. head.target and head.host are what the target is to see, head.upgrade what it is asked to switch to; no hop-by-hop or
  // framing fields. It stays as it is until the response head has come.
  virtual void send_head(const http::RequestHead& head, http::BodyFraming body) = 0;
  // Queues a part of the body, taken whole.
  virtual void send_body(net::Buffer& data) = 0;
  // The request is complete, or our direction of a tunnel. `trailers`: whole lines, or empty.
  virtual void end_request(Slice trailers) = 0;
  // Sends what is queued, as far as it goes now.
  virtual void flush() = 0;
  // Whether more is queued than should be; the receiver stops sending until on_request_drained().
  virtual bool is_backed_up() const = 0;
  // Reads on after wants_response() was false.
  virtual void resume() = 0;
  // Whether the connection has carried an earlier request: then its end may only mean that it was idle for too long.
  virtual bool is_reused() const = 0;
  // Ends the receiver's part: what can serve another request is kept, the rest is closed.
  virtual void give_back(std::unique_ptr<ClientStream> self) = 0;
};

}  // namespace prox::upstream
