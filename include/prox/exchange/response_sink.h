#pragma once

#include <cstdint>

#include "prox/base/slice.h"
#include "prox/http/framing.h"
#include "prox/http/response.h"
#include "prox/net/buffer.h"

namespace prox::exchange {

using base::Slice;

// How a client that gets no answer is let go.
enum class DropMode : std::uint8_t {
  Hang,   // left waiting until write_timeout, 30 s if that is off
  Close,  // at once
};

// Where a handler's response goes: the client's side of one exchange, whatever protocol it speaks. No call ends the exchange or frees the
// handler before the call's own turn of the loop is over; failures come back by the handler's destruction.
class ResponseSink {
 public:
  // A 1xx response other than 101. Not passed to HTTP/1.0 clients.
  virtual void send_interim(const http::ResponseHead& head) = 0;
  // The final head; once. `body` says how long the body is, known (Length), not known (Chunked, UntilClose: the sink picks its own framing)
  // or none. No hop-by-hop and no framing field may be among head.fields, but for the Content-Length of an answer to HEAD and of a 304.
  // A Date is added if there is none.
  virtual void send_head(http::ResponseHead& head, http::BodyFraming body) = 0;
  // Instead of send_head, once the request is complete: the connection, or the stream, is a tunnel from now on. `head` is the 101 that
  // answers request.upgrade, or the 200 that answers CONNECT, without hop-by-hop fields; each protocol says it in its own way. Raw bytes go
  // both ways then, under no time limit: Handler::on_request_body and on_request_end bring the client's and their end, send_body and
  // end_response send ours.
  virtual void begin_tunnel(const http::ResponseHead& head) = 0;
  // Both directions have ended, and what the client sent is delivered: the exchange is over when the rest has left for the client, too.
  virtual void end_tunnel() = 0;
  // A part of the body, taken whole. Dropped where the exchange has no response body (HEAD).
  virtual void send_body(net::Buffer& data) = 0;
  // The response is complete.
  virtual void end_response(Slice trailers) = 0;
  // Instead of any response, and before any part of one: nothing more is read of the request, and nothing answers it. HTTP/1 loses its
  // connection, HTTP/2 the stream (reset with CANCEL), at once or after a while.
  virtual void drop_exchange(DropMode mode) = 0;
  // The response cannot be completed: the client must see that.
  virtual void cut_response() = 0;
  // Sends what is queued, as far as it goes now.
  virtual void flush() = 0;
  // Whether more is queued than should be: flush and ask again, or stop until Handler::on_response_drained().
  virtual bool is_backed_up() = 0;
  // After Handler::wants_request_body() was false: more of the body may come.
  virtual void resume_request() = 0;
  // The connection ends with this response: what is left of the request is not worth waiting for.
  virtual void close_after_response() = 0;

 protected:
  ~ResponseSink() = default;
};

}  // namespace prox::exchange
