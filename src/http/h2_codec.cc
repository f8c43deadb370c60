#include "prox/http/h2_codec.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "http/field_line.h"
#include "http/h2_callbacks.h"
#include "http/h2_memory.h"
#include "prox/base/assert.h"

namespace prox::http {

using base::Errc;

namespace {

// HPACK can blow a head up from a few bytes (RFC 7541 §7.3): far above the limit it is no mistake any more.
constexpr std::size_t kHeadFloodFactor = 4;
constexpr std::size_t kFrameBytes = 16384;  // of a HEADERS or CONTINUATION frame, at most
// For a response head of 64 KiB from upstream, and what we add to it.
constexpr std::size_t kMostHeadBytesSent = 256 * 1024;

// What nghttp2 takes for max_streams: it would end the connection of a client that opens one stream too many, where RFC 9113 §5.1.2
// asks for an error of that stream alone.
constexpr std::uint32_t kNoStreamLimit = INT32_MAX;

// nghttp2 fails for want of memory, which ours does not, and by our own mistakes.
void must(int result) { PROX_ASSERT(result >= 0); }

struct OptionDeleter {
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};

std::unique_ptr<nghttp2_option, OptionDeleter> options_for(const H2Limits& limits) {
  nghttp2_option* made = nullptr;
  must(nghttp2_option_new(&made));
  std::unique_ptr<nghttp2_option, OptionDeleter> option(made);
  nghttp2_option_set_no_auto_window_update(made, 1);
  nghttp2_option_set_no_closed_streams(made, 1);
  nghttp2_option_set_max_send_header_block_length(made, kMostHeadBytesSent);
  nghttp2_option_set_builtin_recv_extension_type(made, NGHTTP2_PRIORITY_UPDATE);
  // H2Guard counts resets, and ends a flood of them as all others.
  nghttp2_option_set_stream_reset_rate_limit(made, UINT64_MAX, UINT64_MAX);
  // A head within its limit needs so many at most; some senders cut them smaller than a frame may be.
  nghttp2_option_set_max_continuations(made, 8 + 2 * limits.head.max_head_bytes / kFrameBytes);
  return option;
}

// The fields of one head on their way into nghttp2, which copies them. One list for all, since there is one thread.
class NameValues {
 public:
  NameValues() { list_.clear(); }
  void add(Slice name, Slice value) {
    auto bytes = [](Slice text) {
      return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    };
    list_.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  void add(const Fields& fields) {
    for (const Field& field : fields) add(field.name, field.value);
  }
  // RFC 8441 §5: HTTP/2 needs no proof that a WebSocket is meant.
  void add_without_proof(const Fields& fields) {
    for (const Field& field : fields) {
      if (field.id != FieldId::SecWebSocketKey && field.id != FieldId::SecWebSocketAccept)
        add(field.name, field.value);
    }
  }
  void add_length(BodyFraming body) {
    if (body.kind != BodyFraming::Kind::Length) return;
    const auto end = std::to_chars(digits_.data(), digits_.data() + digits_.size(), body.length);
    add("content-length",
        Slice(digits_.data(), static_cast<std::size_t>(end.ptr - digits_.data())));
  }
  void add_status(int status) {
    const auto end = std::to_chars(status_.data(), status_.data() + status_.size(), status);
    add(":status", Slice(status_.data(), static_cast<std::size_t>(end.ptr - status_.data())));
  }
  const nghttp2_nv* data() const { return list_.data(); }
  std::size_t size() const { return list_.size(); }

 private:
  static inline std::vector<nghttp2_nv> list_;
  std::array<char, 20> digits_;
  std::array<char, 11> status_;
};

}  // namespace

void H2Codec::Deleter::operator()(nghttp2_session* session) const { nghttp2_session_del(session); }

void H2Stream::begin(std::int32_t id) {
  id_ = id;
  head_done_ = is_malformed_ = is_reset_ = has_ended_ = is_waiting_ = is_tunnel_ = false;
  untaken_ = 0;
  trailers_.clear();
}

H2Codec::H2Codec(Role role, Owner& owner, base::BlockPool& blocks, const H2Limits& limits)
    : role_(role), owner_(owner), blocks_(blocks), limits_(limits) {
  const auto option = options_for(limits);
  nghttp2_session* made = nullptr;
  const auto create =
      role == Role::Server ? nghttp2_session_server_new3 : nghttp2_session_client_new3;
  must(create(&made, H2Callbacks::table(), this, option.get(), h2_memory()));
  session_.reset(made);
  submit_settings();
}

H2Codec::~H2Codec() = default;

void H2Codec::submit_settings() {
  std::vector<nghttp2_settings_entry> settings = {
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits_.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
       static_cast<std::uint32_t>(std::min<std::size_t>(limits_.head.max_head_bytes, UINT32_MAX))},
  };
  if (role_ == Role::Server) {
    settings.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kNoStreamLimit});
    settings.push_back({NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1});
    settings.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
  } else {
    settings.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  }
  must(
      nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, settings.data(), settings.size()));
  must(nghttp2_session_set_local_window_size(session_.get(), NGHTTP2_FLAG_NONE, 0,
                                             static_cast<std::int32_t>(limits_.connection_window)));
}

// The client is told max_streams, which is ours to keep, in the place of what nghttp2 knows.
void H2Codec::write_settings(Slice frame) {
  constexpr std::size_t kHeaderBytes = 9;
  constexpr std::size_t kEntryBytes = 6;  // identifier and value (RFC 9113 §6.5.1)
  std::array<char, kHeaderBytes + 8 * kEntryBytes> ours;
  PROX_ASSERT(frame.size() <= ours.size());
  std::copy(frame.begin(), frame.end(), ours.begin());
  for (std::size_t at = kHeaderBytes; at < frame.size(); at += kEntryBytes) {
    if (ours[at] != 0 || ours[at + 1] != NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS) continue;
    for (std::size_t i = 0; i < sizeof limits_.max_streams; ++i)
      ours[at + 2 + i] = static_cast<char>(limits_.max_streams >> (24 - 8 * i));
  }
  owner_.write({ours.data(), frame.size()});
}

// ---- bytes in, bytes out ----

Result<void> H2Codec::feed(Slice bytes, base::Millis now) {
  now_ = now;
  const ssize_t taken = nghttp2_session_mem_recv(
      session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (!flood_.empty()) return fail(NGHTTP2_ERR_FLOODED);
  if (taken < 0) return fail(static_cast<int>(taken));
  PROX_ASSERT(static_cast<std::size_t>(taken) == bytes.size());
  return {};
}

// What nghttp2 does not end by a GOAWAY of its own.
Result<void> H2Codec::fail(int error) {
  PROX_ASSERT(error != NGHTTP2_ERR_NOMEM && error != NGHTTP2_ERR_CALLBACK_FAILURE);
  if (error == NGHTTP2_ERR_FLOODED && flood_.empty()) calm_down("frames to be acknowledged");
  if (error == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS) calm_down("continuations");
  if (flood_.empty())
    must(nghttp2_session_terminate_session(session_.get(), NGHTTP2_PROTOCOL_ERROR));
  return base::fail(Errc::BadMessage, peer(), "reading HTTP/2 frames");
}

Result<void> H2Codec::send() {
  const int result = nghttp2_session_send(session_.get());
  if (result != 0) return fail(result);
  if (!flood_.empty()) return fail(NGHTTP2_ERR_FLOODED);
  return {};
}

bool H2Codec::wants_to_send() const { return nghttp2_session_want_write(session_.get()) != 0; }

bool H2Codec::is_over() const {
  return nghttp2_session_want_read(session_.get()) == 0 && !wants_to_send();
}

// ---- messages out ----

void H2Codec::send_interim(H2Stream& stream, const ResponseHead& head) {
  NameValues fields;
  fields.add_status(head.status);
  fields.add(head.fields);
  must(nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, stream.id_, nullptr, fields.data(),
                              fields.size(), nullptr));
}

void H2Codec::send_response(H2Stream& stream, const ResponseHead& head, BodyFraming body,
                            bool is_last) {
  NameValues fields;
  fields.add_status(head.status);
  fields.add(head.fields);
  fields.add_length(body);
  const nghttp2_data_provider source = H2Callbacks::source(stream);
  must(nghttp2_submit_response(session_.get(), stream.id_, fields.data(), fields.size(),
                               is_last ? nullptr : &source));
}

void H2Codec::begin_tunnel(H2Stream& stream, const ResponseHead& head) {
  stream.is_tunnel_ = true;
  NameValues fields;
  fields.add_status(200);  // whatever HTTP/1 calls it: 101 does not exist here (RFC 9113 §8.6)
  fields.add_without_proof(head.fields);
  const nghttp2_data_provider source = H2Callbacks::source(stream);
  must(nghttp2_submit_response(session_.get(), stream.id_, fields.data(), fields.size(), &source));
}

bool H2Codec::send_request(H2Stream& stream, const RequestHead& head, Slice scheme,
                           BodyFraming body, bool is_last) {
  NameValues fields;
  const bool is_tunnel = !head.upgrade.empty();
  fields.add(":method", is_tunnel ? Slice("CONNECT") : head.method_text);
  if (is_tunnel) fields.add(":protocol", head.upgrade);
  if (head.method != Method::Connect) {
    fields.add(":scheme", scheme);
    fields.add(":path", head.target);
  }
  fields.add(":authority", head.host);
  if (is_tunnel) {
    fields.add_without_proof(head.fields);
  } else {
    fields.add(head.fields);
    fields.add_length(body);
  }
  const nghttp2_data_provider source = H2Callbacks::source(stream);
  const std::int32_t id = nghttp2_submit_request(
      session_.get(), nullptr, fields.data(), fields.size(), is_last ? nullptr : &source, &stream);
  if (id == NGHTTP2_ERR_STREAM_ID_NOT_AVAILABLE) return false;
  must(id);
  stream.begin(id);
  stream.method_ = head.method;
  return true;
}

bool H2Codec::may_open() const {
  return nghttp2_session_check_request_allowed(session_.get()) != 0;
}

std::uint32_t H2Codec::peer_max_streams() const {
  return nghttp2_session_get_remote_settings(session_.get(),
                                             NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

bool H2Codec::allows_extended_connect() const {
  return nghttp2_session_get_remote_settings(session_.get(),
                                             NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

// False if there is no line among them.
bool H2Codec::submit_trailers(nghttp2_session* session, std::int32_t id, Slice lines) {
  NameValues fields;
  while (!lines.empty()) {
    Field field;
    const char* const next = parse_field_line(lines.data(), lines.data() + lines.size(), field);
    PROX_ASSERT(next != nullptr);
    fields.add(field.name, field.value);
    lines.remove_prefix(static_cast<std::size_t>(next - lines.data()));
  }
  if (fields.size() == 0) return false;
  must(nghttp2_submit_trailer(session, id, fields.data(), fields.size()));
  return true;
}

bool H2Codec::is_held_back() const {
  return nghttp2_session_get_remote_window_size(session_.get()) <= 0;
}

bool H2Codec::is_held_back(const H2Stream& stream) const {
  return !is_held_back() &&
         nghttp2_session_get_stream_remote_window_size(session_.get(), stream.id_) <= 0;
}

bool H2Codec::holds_peer_back() const {
  return nghttp2_session_get_local_window_size(session_.get()) <= 0;
}

void H2Codec::resume(H2Stream& stream) {
  if (!stream.is_waiting_) return;
  stream.is_waiting_ = false;
  must(nghttp2_session_resume_data(session_.get(), stream.id_));
}

void H2Codec::reset(H2Stream& stream, H2Error error) {
  if (stream.is_reset_) return;
  stream.is_reset_ = true;
  must(nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream.id_,
                                 static_cast<std::uint32_t>(error)));
}

void H2Codec::announce_shutdown() { must(nghttp2_submit_shutdown_notice(session_.get())); }

void H2Codec::go_away(H2Error error) {
  if (error != H2Error::NoError) {
    must(nghttp2_session_terminate_session(session_.get(), static_cast<std::uint32_t>(error)));
    return;
  }
  must(nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE,
                             nghttp2_session_get_last_proc_stream_id(session_.get()),
                             NGHTTP2_NO_ERROR, nullptr, 0));
}

void H2Codec::ping() { must(nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr)); }

// ---- messages in ----

H2Stream* H2Codec::find(std::int32_t id) const {
  return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session_.get(), id));
}

// A stream of the owner's for a request that begins. None if the client has as many as it may: it can try again (RFC 9113 §8.7).
H2Stream* H2Codec::begin_request(std::int32_t id) {
  if (open_requests_ >= limits_.max_streams) {
    must(nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM));
    return nullptr;
  }
  ++open_requests_;
  H2Stream* stream = owner_.on_request_begin();
  stream->begin(id);
  must(nghttp2_session_set_stream_user_data(session_.get(), id, stream));
  return stream;
}

void H2Codec::begin_head(H2Stream& stream) {
  reading_head_ = &stream;
  if (stream.head_done_) return;
  stream.reader_.start(blocks_, limits_.head, peer(),
                       role_ == Role::Server ? stream.request_->fields : stream.response_->fields);
}

// False if the rest of the head is not worth reading.
bool H2Codec::add_to_head(Slice name, Slice value) {
  H2Stream& stream = *reading_head_;
  if (stream.head_done_) {
    if (!add_trailer(stream.trailers_, name, value, peer())) stream.is_malformed_ = true;
    return true;
  }
  stream.reader_.add(name, value);
  if (stream.reader_.list_bytes() <= kHeadFloodFactor * limits_.head.max_head_bytes) return true;
  calm_down("a head");
  return false;
}

void H2Codec::end_head(H2Stream& stream, bool ended) {
  reading_head_ = nullptr;
  if (stream.is_reset_) return;
  if (stream.is_malformed_) return reset(stream, H2Error::ProtocolError);
  if (!stream.head_done_) {
    const Result<BodyFraming> framing = finish_head(stream, ended);
    if (!framing && framing.error().code == Errc::BadMessage)
      return reset(stream, H2Error::ProtocolError);
    stream.head_done_ = role_ == Role::Server || !framing || !stream.response_->is_interim();
    owner_.on_head(stream, framing);
  }
  if (ended) end_stream(stream);
}

Result<BodyFraming> H2Codec::finish_head(H2Stream& stream, bool ended) {
  if (role_ == Role::Server) {
    RequestHead& head = *stream.request_;
    if (const Result<void> read = stream.reader_.finish(head); !read)
      return base::Unexpected{read.error()};
    stream.method_ = head.method;
    H2Callbacks::share_by_default(session_.get(), stream.id_, head.fields);
    return h2_request_framing(head, ended);
  }
  ResponseHead& head = *stream.response_;
  if (const Result<void> read = stream.reader_.finish(head); !read)
    return base::Unexpected{read.error()};
  return h2_response_framing(head, stream.method_, ended);
}

void H2Codec::end_stream(H2Stream& stream) {
  if (stream.is_reset_ || stream.has_ended_) return;
  stream.has_ended_ = true;
  owner_.on_end(stream, stream.trailers_);
}

void H2Codec::close(H2Stream& stream, std::uint32_t error) {
  if (role_ == Role::Server) --open_requests_;
  if (reading_head_ == &stream) reading_head_ = nullptr;
  give_credit(stream.untaken_);
  stream.untaken_ = 0;
  stream.id_ = 0;
  stream.reader_.release_block();
  owner_.on_closed(stream, static_cast<H2Error>(error));
}

// ---- windows ----

// The stream's window opens as its body is taken. The connection's opens at receipt while no more than it holds is untaken, so
// that a stream which nobody reads stops no other.
void H2Codec::charge(H2Stream& stream, std::size_t bytes) {
  stream.untaken_ += bytes;
  untaken_ += bytes;
  if (untaken_ > limits_.connection_window) {
    owed_ += bytes;
    return;
  }
  must(nghttp2_session_consume_connection(session_.get(), bytes));
}

void H2Codec::taken(H2Stream& stream, std::size_t bytes) {
  PROX_ASSERT(bytes <= stream.untaken_);
  stream.untaken_ -= bytes;
  must(nghttp2_session_consume_stream(session_.get(), stream.id_, bytes));
  give_credit(bytes);
}

void H2Codec::give_credit(std::size_t bytes) {
  untaken_ -= bytes;
  const std::size_t credit = std::min(owed_, bytes);
  owed_ -= credit;
  if (credit > 0) must(nghttp2_session_consume_connection(session_.get(), credit));
}

// ---- floods ----

void H2Codec::count(H2Guard::Kind kind) {
  if (!guard_.spend(kind, now_)) calm_down(to_words(kind));
}

void H2Codec::calm_down(std::string_view what) {
  if (!flood_.empty()) return;
  flood_ = what;
  must(nghttp2_session_terminate_session(session_.get(), NGHTTP2_ENHANCE_YOUR_CALM));
}

}  // namespace prox::http
