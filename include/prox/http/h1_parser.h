#pragma once

#include <cstddef>
#include <cstdint>

#include "prox/base/result.h"
#include "prox/http/request.h"
#include "prox/http/response.h"

namespace prox::http {

using base::Result;

// Limits of one message head. Each has a key in a service's `config` block.
struct HeadLimits {
  std::size_t max_head_bytes = 65536;  // start line, fields and the empty line: max_header_bytes
  std::size_t max_uri_bytes = 16384;   // the whole request line, without its CRLF
  std::size_t max_fields = 200;        // max_header_count
};

// Reads one HTTP/1.x message head (RFC 9112 §2–§5), strictly: what can be understood in two ways is BadMessage. Knows nothing of
// sockets and copies nothing. One for each direction of a connection; reset() between messages.
//
// Feed it all bytes of the message so far, always beginning at the head's first byte: it goes on where it stopped, so a head
// that comes byte by byte is still looked at once. The caller may move the bytes between calls (a head that outgrows its
// block); finished heads point into the bytes of the last call.
class H1Parser {
 public:
  enum class Progress : std::uint8_t { NeedMore, Done };

  explicit H1Parser(base::Side side, HeadLimits limits = {}) : side_(side), limits_(limits) {}
  void set_limits(HeadLimits limits) { limits_ = limits; }

  // Errors, all the peer's fault: BadMessage, UriTooLong, HeadTooLarge, BadVersion. They come as early as the bytes show them:
  // at the latest with the end of the line that is wrong.
  Result<Progress> parse_request(Slice bytes, RequestHead& head);
  Result<Progress> parse_response(Slice bytes, ResponseHead& head);

  // After Done: bytes of the head, its empty line included. The body begins there.
  std::size_t head_bytes() const { return position_; }
  // Whether anything of a message was seen; an empty line before a request (RFC 9112 §2.2) does not count.
  bool has_started() const { return started_; }
  void reset();

 private:
  enum class Stage : std::uint8_t {
    Blank,      // nothing was seen; an empty line may be skipped before a request
    StartLine,  // the request line or status line is due
    Fields,     // field lines up to an empty one
  };

  template <typename Head>
  Result<Progress> parse(Slice bytes, Head& head);
  template <typename Head>
  void take_up(Slice bytes, Head& head);
  template <typename Head>
  Result<Progress> read_first_line(Slice bytes, Head& head);
  Result<Progress> read_fields(Slice bytes, Fields& fields);
  Result<Progress> wait_for_line_end(Slice bytes);
  bool skip_blank_line(Slice bytes);
  bool is_known_to_go_on(Slice bytes) const;
  bool is_too_long(Slice line) const;

  Result<const char*> read_start_line(const char* line, const char* end, RequestHead& head) const;
  Result<const char*> read_start_line(const char* line, const char* end, ResponseHead& head) const;
  Result<Version> read_version(Slice word) const;
  Result<void> read_special_target(RequestHead& head) const;
  Result<void> read_absolute_target(RequestHead& head) const;
  static bool may_be_host(Slice value, const Fields& earlier);
  Result<Progress> choose_host(RequestHead& head) const;
  base::Unexpected refuse(base::Errc code, std::string_view doing) const {
    return base::fail(code, side_, doing);
  }

  base::Side side_;
  HeadLimits limits_;
  Stage stage_ = Stage::Blank;
  bool started_ = false;
  const char* base_ = nullptr;  // where the bytes lay at the last call
  std::size_t position_ = 0;    // start of the line that comes next
  std::size_t scanned_ = 0;     // bytes already searched for the end of that line
};

}  // namespace prox::http
