#include "http/h2_callbacks.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "prox/base/assert.h"

namespace prox::http {

namespace {

constexpr std::size_t kFrameHeaderBytes = 9;
constexpr std::size_t kTypeAt = 3;  // of a frame's header
// Windows that make us cut a body into frames below this many bytes are a game.
constexpr std::size_t kTinyFrameBytes = 256;
// Nothing is read behind the frame that made a flood of it: the peer has no more requests of us.
constexpr int kStop = NGHTTP2_ERR_CALLBACK_FAILURE;

H2Codec& codec_of(void* self) { return *static_cast<H2Codec*>(self); }

Slice slice_of(const std::uint8_t* data, std::size_t bytes) {
  return {reinterpret_cast<const char*>(data), bytes};
}

nghttp2_session_callbacks* make_table() {
  nghttp2_session_callbacks* table = nullptr;
  PROX_ASSERT(nghttp2_session_callbacks_new(&table) == 0);
  nghttp2_session_callbacks_set_on_begin_frame_callback(table, H2Callbacks::on_begin_frame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(table, H2Callbacks::on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(table, H2Callbacks::on_header);
  nghttp2_session_callbacks_set_on_invalid_header_callback(table, H2Callbacks::on_invalid_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table, H2Callbacks::on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(table, H2Callbacks::on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(table, H2Callbacks::on_stream_close);
  nghttp2_session_callbacks_set_send_callback(table, H2Callbacks::write);
  nghttp2_session_callbacks_set_send_data_callback(table, H2Callbacks::write_data);
  nghttp2_session_callbacks_set_on_frame_send_callback(table, H2Callbacks::on_frame_sent);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(table, H2Callbacks::on_frame_not_sent);
  return table;
}

// The budget that a frame is counted against, whatever is in it.
std::optional<H2Guard::Kind> kind_of(std::uint8_t type) {
  switch (type) {
    case NGHTTP2_RST_STREAM: return H2Guard::Kind::Reset;
    case NGHTTP2_PING: return H2Guard::Kind::Ping;
    case NGHTTP2_SETTINGS:
    case NGHTTP2_GOAWAY: return H2Guard::Kind::Settings;
    case NGHTTP2_PRIORITY:
    case NGHTTP2_PRIORITY_UPDATE: return H2Guard::Kind::Priority;
    case NGHTTP2_WINDOW_UPDATE: return H2Guard::Kind::WindowUpdate;
    default: return std::nullopt;
  }
}

// Resets that the peer's own mistakes make us send: they cost us as much as its own (CVE-2025-8671).
bool is_provoked(std::uint32_t error) {
  return error != NGHTTP2_NO_ERROR && error != NGHTTP2_CANCEL && error != NGHTTP2_INTERNAL_ERROR;
}

}  // namespace

const nghttp2_session_callbacks* H2Callbacks::table() {
  static nghttp2_session_callbacks* const table = make_table();
  return table;
}

nghttp2_data_provider H2Callbacks::source(H2Stream& stream) {
  nghttp2_data_provider source{};
  source.source.ptr = &stream;
  source.read_callback = H2Callbacks::read_body;
  return source;
}

void H2Callbacks::share_by_default(nghttp2_session* session, std::int32_t id,
                                   const Fields& fields) {
  const bool has_priority = std::any_of(
      fields.begin(), fields.end(), [](const Field& field) { return field.name == "priority"; });
  if (has_priority) return;
  nghttp2_extpri share{NGHTTP2_EXTPRI_DEFAULT_URGENCY, 1};
  PROX_ASSERT(nghttp2_session_change_extpri_stream_priority(session, id, &share, 0) == 0);
}

// ---- in ----

int H2Callbacks::on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* header,
                                void* self) noexcept {
  H2Codec& codec = codec_of(self);
  if (const auto kind = kind_of(header->type)) codec.count(*kind);
  return codec.flood_.empty() ? 0 : kStop;
}

int H2Callbacks::on_begin_headers(nghttp2_session*, const nghttp2_frame* frame,
                                  void* self) noexcept {
  H2Codec& codec = codec_of(self);
  const std::int32_t id = frame->hd.stream_id;
  const bool is_request = frame->headers.cat == NGHTTP2_HCAT_REQUEST;
  if (H2Stream* stream = is_request ? codec.begin_request(id) : codec.find(id))
    codec.begin_head(*stream);
  return 0;
}

int H2Callbacks::on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
                           std::size_t name_bytes, const std::uint8_t* value,
                           std::size_t value_bytes, std::uint8_t, void* self) noexcept {
  H2Codec& codec = codec_of(self);
  if (!codec.is_inside_head()) return 0;
  const bool goes_on = codec.add_to_head(slice_of(name, name_bytes), slice_of(value, value_bytes));
  return goes_on ? 0 : kStop;
}

// nghttp2 would leave out such a field, and pass on the rest: what was meant by it is not known.
int H2Callbacks::on_invalid_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*,
                                   std::size_t, const std::uint8_t*, std::size_t, std::uint8_t,
                                   void*) noexcept {
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

int H2Callbacks::on_data(nghttp2_session* session, std::uint8_t, std::int32_t id,
                         const std::uint8_t* data, std::size_t bytes, void* self) noexcept {
  H2Codec& codec = codec_of(self);
  H2Stream* stream = codec.find(id);
  if (stream == nullptr || stream->is_reset_) {
    PROX_ASSERT(nghttp2_session_consume(session, id, bytes) == 0);
    return 0;
  }
  codec.charge(*stream, bytes);
  codec.owner_.on_data(*stream, slice_of(data, bytes));
  return 0;
}

int H2Callbacks::on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) noexcept {
  H2Codec& codec = codec_of(self);
  const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      if (H2Stream* stream = codec.find(frame->hd.stream_id)) codec.end_head(*stream, ends);
      return 0;
    case NGHTTP2_DATA:
      if (!ends && frame->hd.length == frame->data.padlen) codec.count(H2Guard::Kind::EmptyFrame);
      if (!ends) return 0;
      if (H2Stream* stream = codec.find(frame->hd.stream_id)) codec.end_stream(*stream);
      return 0;
    case NGHTTP2_SETTINGS:
      if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) codec.owner_.on_settings();
      return 0;
    case NGHTTP2_PING:
      if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) codec.owner_.on_pong();
      return 0;
    default: return 0;
  }
}

int H2Callbacks::on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t error,
                                 void* self) noexcept {
  H2Codec& codec = codec_of(self);
  if (H2Stream* stream = codec.find(id)) codec.close(*stream, error);
  return 0;
}

// ---- out ----

ssize_t H2Callbacks::write(nghttp2_session*, const std::uint8_t* data, std::size_t bytes, int,
                           void* self) noexcept {
  H2Codec& codec = codec_of(self);
  if (codec.owner_.is_full()) return NGHTTP2_ERR_WOULDBLOCK;
  if (bytes >= kFrameHeaderBytes && data[kTypeAt] == NGHTTP2_SETTINGS) {
    codec.write_settings(slice_of(data, bytes));
  } else {
    codec.owner_.write(slice_of(data, bytes));
  }
  return static_cast<ssize_t>(bytes);
}

ssize_t H2Callbacks::read_body(nghttp2_session* session, std::int32_t id, std::uint8_t*,
                               std::size_t room, std::uint32_t* flags, nghttp2_data_source* source,
                               void* self) noexcept {
  auto& stream = *static_cast<H2Stream*>(source->ptr);
  const H2Codec::Outgoing ready = codec_of(self).owner_.outgoing(stream);
  const std::size_t bytes = std::min(room, ready.bytes);
  if (bytes == 0 && !ready.is_last) {
    stream.is_waiting_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (bytes < ready.bytes || !ready.is_last) return static_cast<ssize_t>(bytes);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (!ready.trailers.empty() && H2Codec::submit_trailers(session, id, ready.trailers))
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  return static_cast<ssize_t>(bytes);
}

int H2Callbacks::write_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* header,
                            std::size_t bytes, nghttp2_data_source* source, void* self) noexcept {
  H2Codec& codec = codec_of(self);
  if (codec.owner_.is_full()) return NGHTTP2_ERR_WOULDBLOCK;
  auto& stream = *static_cast<H2Stream*>(source->ptr);
  const bool is_cut = codec.owner_.outgoing(stream).bytes > bytes;
  codec.owner_.write_data(stream, slice_of(header, kFrameHeaderBytes), bytes);
  if (is_cut && bytes < kTinyFrameBytes) {
    codec.count(H2Guard::Kind::TinyWindow);
  } else {
    codec.guard_.earn_by_data();
  }
  return 0;
}

int H2Callbacks::on_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* self) noexcept {
  H2Codec& codec = codec_of(self);
  if (frame->hd.type == NGHTTP2_RST_STREAM && is_provoked(frame->rst_stream.error_code))
    codec.count(H2Guard::Kind::Reset);
  const bool may_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
  if (!may_end || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
  H2Stream* stream = codec.find(frame->hd.stream_id);
  // RFC 9113 §8.1: the response is complete before the request is; its rest is not wanted.
  if (codec.role_ == H2Codec::Role::Server && stream != nullptr && !stream->has_ended_ &&
      !stream->is_tunnel_)
    codec.reset(*stream, H2Error::NoError);
  return 0;
}

// A head that cannot be sent, since it is too large, would leave its stream without an end.
int H2Callbacks::on_frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int,
                                   void* self) noexcept {
  H2Codec& codec = codec_of(self);
  H2Stream* stream = codec.find(frame->hd.stream_id);
  if (frame->hd.type == NGHTTP2_HEADERS && stream != nullptr)
    codec.reset(*stream, H2Error::InternalError);
  return 0;
}

}  // namespace prox::http
