#pragma once

#include <nghttp2/nghttp2.h>

#include "prox/http/h2_codec.h"

namespace prox::http {

// What nghttp2 calls, and what a codec asks of it that has to do with these calls. `self` is the H2Codec.
struct H2Callbacks {
  // The table of all callbacks, made once.
  static const nghttp2_session_callbacks* table();
  // What asks for the body of a stream.
  static nghttp2_data_provider source(H2Stream& stream);
  // RFC 9218 §4: a client that says nothing of priorities would get its responses one after the other; they share instead.
  static void share_by_default(nghttp2_session* session, std::int32_t id, const Fields& fields);

  static int on_begin_frame(nghttp2_session* session, const nghttp2_frame_hd* header,
                            void* self) noexcept;
  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame,
                              void* self) noexcept;
  static int on_header(nghttp2_session* session, const nghttp2_frame* frame,
                       const std::uint8_t* name, std::size_t name_bytes, const std::uint8_t* value,
                       std::size_t value_bytes, std::uint8_t flags, void* self) noexcept;
  static int on_invalid_header(nghttp2_session* session, const nghttp2_frame* frame,
                               const std::uint8_t* name, std::size_t name_bytes,
                               const std::uint8_t* value, std::size_t value_bytes,
                               std::uint8_t flags, void* self) noexcept;
  static int on_data(nghttp2_session* session, std::uint8_t flags, std::int32_t id,
                     const std::uint8_t* data, std::size_t bytes, void* self) noexcept;
  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* self) noexcept;
  static int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t error,
                             void* self) noexcept;
  static ssize_t write(nghttp2_session* session, const std::uint8_t* data, std::size_t bytes,
                       int flags, void* self) noexcept;
  static ssize_t read_body(nghttp2_session* session, std::int32_t id, std::uint8_t* buffer,
                           std::size_t room, std::uint32_t* flags, nghttp2_data_source* source,
                           void* self) noexcept;
  static int write_data(nghttp2_session* session, nghttp2_frame* frame, const std::uint8_t* header,
                        std::size_t bytes, nghttp2_data_source* source, void* self) noexcept;
  static int on_frame_sent(nghttp2_session* session, const nghttp2_frame* frame,
                           void* self) noexcept;
  static int on_frame_not_sent(nghttp2_session* session, const nghttp2_frame* frame, int error,
                               void* self) noexcept;
};

}  // namespace prox::http
