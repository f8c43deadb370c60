#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "prox/base/block.h"
#include "prox/base/clock.h"
#include "prox/base/result.h"
#include "prox/http/framing.h"
#include "prox/http/h1_parser.h"
#include "prox/http/h2_guard.h"
#include "prox/http/h2_head.h"
#include "prox/http/request.h"
#include "prox/http/response.h"

struct nghttp2_session;

namespace prox::http {

using base::Result;
using base::Slice;

// What the client of an HTTP/2 connection sends first (RFC 9113 §3.4).
inline constexpr Slice kH2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Why a stream or connection ends (RFC 9113 §7), as far as prox says so itself.
enum class H2Error : std::uint32_t {
  NoError = 0x0,
  ProtocolError = 0x1,
  InternalError = 0x2,
  RefusedStream = 0x7,
  Cancel = 0x8,
  ConnectError = 0xa,
  EnhanceYourCalm = 0xb,
};

// What one connection may take of us.
struct H2Limits {
  HeadLimits head;
  std::uint32_t max_streams = 128;                // that the peer may have open
  std::uint32_t stream_window = 64 * 1024;        // bytes of a body that wait to be taken
  std::uint32_t connection_window = 1024 * 1024;  // of all bodies together
};

// One request and its response, as the codec knows them. Who uses the codec derives its own from it and owns it, from
// on_request_begin() or send_request() to on_closed().
class H2Stream {
 public:
  // 0: not open.
  std::int32_t id() const { return id_; }
  // The block that the slices of the head lie in.
  const base::BlockRef& head_block() const { return reader_.block(); }
  // The peer has sent its last byte on this stream.
  bool has_ended() const { return has_ended_; }

 protected:
  H2Stream() = default;
  ~H2Stream() = default;

  // Where the head that comes is to be put; they outlive its on_head().
  void read_into(RequestHead& head) { request_ = &head; }
  void read_into(ResponseHead& head) { response_ = &head; }

 private:
  friend class H2Codec;
  friend struct H2Callbacks;

  void begin(std::int32_t id);

  RequestHead* request_ = nullptr;    // of a server's stream
  ResponseHead* response_ = nullptr;  // of a client's
  std::int32_t id_ = 0;
  Method method_ = Method::Other;  // of the request
  bool head_done_ = false;         // what comes in HEADERS now are trailers
  bool is_malformed_ = false;      // its trailers are
  bool is_reset_ = false;          // by us: RST_STREAM is on its way, and what comes is dropped
  bool has_ended_ = false;
  bool is_waiting_ = false;  // for bytes of our body, to go on sending
  bool is_tunnel_ = false;   // the end of one direction is not that of the other
  H2HeadReader reader_;
  std::size_t untaken_ = 0;  // bytes of the peer's body that are charged to the windows
  std::string trailers_;
};

// HTTP/2 on one connection (RFC 9113, RFC 9218), by nghttp2: bytes in, messages out. Knows nothing of sockets. What a peer does wrong
// on a stream resets the stream, what it does wrong on the connection ends it; both without a word to the owner but on_closed().
class H2Codec {
 public:
  enum class Role : std::uint8_t { Server, Client };

  // A part of a body on its way out.
  struct Outgoing {
    std::size_t bytes = 0;  // ready
    bool is_last = false;   // nothing follows them
    Slice trailers;         // whole lines
  };

  // Called from feed() and send() only. May call everything of the codec but those two.
  class Owner {
   public:
    // A client begins a request: a stream for it, which says where the head is to be put. Of a server only.
    virtual H2Stream* on_request_begin() { return nullptr; }
    // A head is complete: its framing, or what it offends against and may still be answered for (UriTooLong, HeadTooLarge).
    virtual void on_head(H2Stream& stream, const Result<BodyFraming>& framing) = 0;
    // A part of a body. It lies in the bytes that feed() was given, and is to be taken() in time.
    virtual void on_data(H2Stream& stream, Slice data) = 0;
    // The message is complete.
    virtual void on_end(H2Stream& stream, Slice trailers) = 0;
    // The stream is over, in whatever way; the codec forgets it.
    virtual void on_closed(H2Stream& stream, H2Error error) = 0;
    // The peer has answered a ping().
    virtual void on_pong() = 0;
    // The peer has said what it takes. Of use to a client.
    virtual void on_settings() {}

    // Whether output has to wait; then send() stops.
    virtual bool is_full() const = 0;
    // Bytes to send, to be copied.
    virtual void write(Slice frame) = 0;
    // What there is to send of a stream's body.
    virtual Outgoing outgoing(H2Stream& stream) = 0;
    // A frame's header, to be copied, and the next bytes of the stream's body, to be moved behind it.
    virtual void write_data(H2Stream& stream, Slice frame_header, std::size_t bytes) = 0;

   protected:
    ~Owner() = default;
  };

  H2Codec(Role role, Owner& owner, base::BlockPool& blocks, const H2Limits& limits);
  ~H2Codec();
  H2Codec(const H2Codec&) = delete;
  H2Codec& operator=(const H2Codec&) = delete;

  // Takes all of the bytes. An error means that the connection is to end when what send() has for the peer has left.
  Result<void> feed(Slice bytes, base::Millis now);
  // What the peer floods us with, in words, if that is why feed() or send() failed; else empty.
  std::string_view flood() const { return flood_; }
  // A head has begun and is not complete: nothing else can come meanwhile.
  bool is_inside_head() const { return reading_head_ != nullptr; }
  // Writes what there is to write, until the owner is full.
  Result<void> send();
  // Whether send() would have something.
  bool wants_to_send() const;
  // The last frame of the connection has been written, or its last stream has ended after a GOAWAY.
  bool is_over() const;

  // Heads. Fields that speak of a connection must not be among head.fields; names are sent in lower case, a Length is sent as
  // Content-Length. With `is_last` the stream ends with the head, else outgoing() is asked for the body.
  void send_interim(H2Stream& stream, const ResponseHead& head);
  void send_response(H2Stream& stream, const ResponseHead& head, BodyFraming body, bool is_last);
  // Server: answers a CONNECT, or an extended one (RFC 8441): bytes without framing go both ways then.
  void begin_tunnel(H2Stream& stream, const ResponseHead& head);
  // Client: opens the stream; one for head.upgrade by an extended CONNECT. False if the connection can open no more.
  bool send_request(H2Stream& stream, const RequestHead& head, Slice scheme, BodyFraming body,
                    bool is_last);
  // Client: whether another stream can be opened, how many at a time the peer takes (all there can be before it has said so), and
  // whether also for a tunnel (RFC 8441).
  bool may_open() const;
  std::uint32_t peer_max_streams() const;
  bool allows_extended_connect() const;
  // The peer's windows let nothing more of any body pass, or of this one alone.
  bool is_held_back() const;
  bool is_held_back(const H2Stream& stream) const;
  // Our window for all bodies together lets the peer send nothing more now.
  bool holds_peer_back() const;
  // outgoing() has more than it had.
  void resume(H2Stream& stream);
  // Ends a stream at once. on_closed() comes from send().
  void reset(H2Stream& stream, H2Error error);
  // So many bytes of the stream's body are no longer held here: its sender may send as many more.
  void taken(H2Stream& stream, std::size_t bytes);

  // No new streams, please: they still are accepted (RFC 9113 §6.8). A go_away() follows when the peer must have read it.
  void announce_shutdown();
  // No new streams; the open ones go on. With an error they do not.
  void go_away(H2Error error);
  void ping();

 private:
  friend struct H2Callbacks;
  struct Deleter {
    void operator()(nghttp2_session* session) const;
  };

  base::Side peer() const {
    return role_ == Role::Server ? base::Side::Downstream : base::Side::Upstream;
  }
  Result<void> fail(int error);
  void submit_settings();
  void write_settings(Slice frame);
  H2Stream* begin_request(std::int32_t id);
  static bool submit_trailers(nghttp2_session* session, std::int32_t id, Slice lines);
  void begin_head(H2Stream& stream);
  bool add_to_head(Slice name, Slice value);
  void end_head(H2Stream& stream, bool ended);
  Result<BodyFraming> finish_head(H2Stream& stream, bool ended);
  void end_stream(H2Stream& stream);
  void close(H2Stream& stream, std::uint32_t error);
  void count(H2Guard::Kind kind);
  void calm_down(std::string_view what);
  void charge(H2Stream& stream, std::size_t bytes);
  void give_credit(std::size_t bytes);
  H2Stream* find(std::int32_t id) const;

  Role role_;
  Owner& owner_;
  base::BlockPool& blocks_;
  H2Limits limits_;
  H2Guard guard_;
  base::Millis now_ = 0;  // of the bytes that are being fed
  std::unique_ptr<nghttp2_session, Deleter> session_;
  H2Stream* reading_head_ = nullptr;
  std::uint32_t open_requests_ = 0;  // of a server
  std::size_t untaken_ = 0;          // of all streams
  std::size_t owed_ = 0;    // of these, what the connection's window was not given back at receipt
  std::string_view flood_;  // what the peer floods us with
};

}  // namespace prox::http
