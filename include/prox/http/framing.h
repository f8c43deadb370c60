#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "prox/base/result.h"
#include "prox/http/request.h"
#include "prox/http/response.h"

namespace prox::http {

using base::Result;

// How the end of a body is known (RFC 9112 §6).
struct BodyFraming {
  enum class Kind : std::uint8_t { None, Length, Chunked, UntilClose };
  Kind kind = Kind::None;
  std::uint64_t length = 0;  // bytes, for Length

  bool has_body() const { return kind != Kind::None && !(kind == Kind::Length && length == 0); }
  bool operator==(const BodyFraming&) const = default;
};

// The framing of a request (RFC 9112 §6.3). Errors: BadMessage for both or differing lengths, a malformed length, a
// Transfer-Encoding in HTTP/1.0, or one in which chunked is not last or is repeated; UnknownCoding for another coding. A length
// said twice is refused even if it is the same (two lines, or `Content-Length: 5, 5`), and so is one above 2^63-1, which some
// read as negative. Without either field: None.
Result<BodyFraming> request_framing(const RequestHead& head);

// The framing of a response to a request with that method. As above, with side Upstream; 1xx, 204, 304 and answers to HEAD have
// None, but their fields must be sound all the same; a 2xx to CONNECT has None whatever its fields say; without either field:
// UntilClose.
Result<BodyFraming> response_framing(const ResponseHead& head, Method request_method);

// Whether the connection may carry another message after this one (RFC 9112 §9.3): by version and Connection options.
bool wants_keep_alive(Version version, const Fields& fields);

// Whether a Connection field of the message lists this option (lower case), in any case.
bool has_connection_option(const Fields& fields, Slice option);

// Takes the framing off one body, as it comes. Knows nothing of sockets and copies no body byte.
class BodyDecoder {
 public:
  // One step over some input: `data` is a part of the body that lies in the input, maybe empty; `consumed` is how much of the
  // input is done with, data included.
  struct Step {
    std::size_t consumed = 0;
    Slice data;
    bool end = false;  // the body, trailers included, is complete
  };

  // Begins a body. `side` is who sends it and whose fault its errors are.
  void start(BodyFraming framing, base::Side side);

  // Goes on with `in`; call again with the rest until it consumes nothing, or says end. Errors: BadMessage (a malformed or
  // overflowing chunk size, missing CRLF, extensions above 4 KiB a chunk, malformed trailers, a trailer with a name of FieldId),
  // HeadTooLarge (trailers above 8 KiB). A body without framing ends at once; UntilClose never ends by itself.
  Result<Step> decode(Slice in);

  // The peer has closed: fine for UntilClose, or when the body is complete, else PeerClosed. Never a clean end for a cut body.
  Result<void> finish_at_close();

  bool is_complete() const { return state_ == State::Complete; }
  // Body bytes still due of a Length body.
  std::uint64_t remaining() const { return remaining_; }
  // The trailer section after the end, as received: whole lines with CRLF, without the empty line; valid until start().
  Slice trailers() const { return trailers_; }

 private:
  enum class State : std::uint8_t {
    Complete,        // nothing more belongs to this body
    Counted,         // `remaining_` bytes of a Length body are due
    UntilClose,      // everything up to the end of the stream is body
    ChunkSize,       // hexadecimal digits of a chunk size
    ChunkSizeEnd,    // white space before an extension, or the CR of the size line
    ChunkExtension,  // from a semicolon to the CR of the size line, skipped
    ChunkSizeLf,     // the LF of the size line
    ChunkData,       // `remaining_` bytes of a chunk are due
    ChunkDataCr,     // the CR behind a chunk's data
    ChunkDataLf,     // its LF
    Trailers,        // field lines up to an empty one
  };

  Result<Step> decode_chunked(Slice in);
  Result<std::size_t> read_framing(Slice in);
  Result<std::size_t> read_chunk_size(Slice in);
  Result<std::size_t> read_size_end(Slice in);
  Result<std::size_t> read_extension(Slice in);
  Result<std::size_t> expect(char wanted, Slice in, State next);
  Result<std::size_t> read_trailers(Slice in);
  base::Unexpected refuse(base::Errc code, std::string_view doing) const {
    return base::fail(code, side_, doing);
  }

  State state_ = State::Complete;
  base::Side side_ = base::Side::Downstream;
  std::uint64_t remaining_ = 0;
  std::size_t line_bytes_ = 0;     // digits of the chunk size, then bytes of its extension
  std::size_t trailer_start_ = 0;  // of the trailer line that is being read
  std::string trailers_;
};

}  // namespace prox::http
