#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "prox/base/pooled.h"
#include "prox/compress/encoder.h"
#include "prox/exchange/encoding_share.h"
#include "prox/exchange/exchange.h"
#include "prox/exchange/response_sink.h"
#include "prox/net/buffer.h"
#include "prox/net/timer.h"

namespace prox::exchange {

// Stands between a handler and its client once the head of a response is sent whose body is encoded: takes the body as it is and hands it
// on encoded. What the client or the worker's share cannot take yet waits here, and so does the handler. Nothing stays in the encoder for
// long while no more comes, so that events arrive when they happen. Owned by its exchange.
class EncodingSink final : public ResponseSink,
                           private EncodingShare::Member,
                           public base::Pooled<EncodingSink> {
 public:
  EncodingSink(Exchange& exchange, compress::Coding coding,
               std::optional<std::uint64_t> body_bytes);

  // The client has taken what it had to: more may follow.
  void on_drained();

  void send_body(net::Buffer& data) override;
  void end_response(Slice trailers) override;
  void cut_response() override;
  void flush() override { client_.flush(); }
  bool is_backed_up() override;
  void resume_request() override { client_.resume_request(); }
  void close_after_response() override { client_.close_after_response(); }

 private:
  void send_interim(const http::ResponseHead&) override;
  void send_head(http::ResponseHead&, http::BodyFraming) override;
  void begin_tunnel(const http::ResponseHead&) override;
  void end_tunnel() override;
  void drop_exchange(DropMode) override;

  void on_turn() override { on_drained(); }
  static void on_pause(void* self);
  void flush_encoder();
  void go_on();
  bool client_is_full();
  bool encode_front(std::size_t bytes);
  void encode(Slice in, compress::Encoder::Until until);
  void hand_over();
  void finish();
  void end();

  Exchange& x_;
  ResponseSink& client_;
  std::unique_ptr<compress::Encoder> encoder_;  // none: nothing more goes to the client
  net::Buffer waiting_;                         // as the handler has sent it
  net::Buffer encoded_;
  std::string trailers_;
  net::Timer pause_;
  bool ended_ = false;          // the handler has sent everything
  bool handler_waits_ = false;  // until it hears that more may come
  bool cut_ = false;
};

}  // namespace prox::exchange
