#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "prox/base/block.h"
#include "prox/base/result.h"
#include "prox/http/framing.h"
#include "prox/http/h1_parser.h"
#include "prox/http/request.h"
#include "prox/http/response.h"

namespace prox::http {

// Collects the fields of one HTTP/2 message, as HPACK decodes them, into a block, and makes of them the head that HTTP/1 would
// have given (RFC 9113 §8.3), so that what is refused there is refused here. What nghttp2 has checked already is not checked
// again: the characters of names and values, fields that speak of a connection (§8.2.2), the order and number of pseudo fields.
class H2HeadReader {
 public:
  // Begins a message's head. The block comes from `pool`, `fields` is where the regular ones are put.
  void start(base::BlockPool& pool, const HeadLimits& limits, base::Side side, Fields& fields);
  // Takes one field; its bytes are copied. Above a limit only counts on.
  void add(Slice name, Slice value);
  // Bytes so far as RFC 9113 §6.5.2 counts them: 32 for each field beside its text.
  std::size_t list_bytes() const { return list_bytes_; }

  // All fields have come. Errors: BadMessage, UriTooLong, HeadTooLarge. The slices of the head lie in block().
  Result<void> finish(RequestHead& head);
  Result<void> finish(ResponseHead& head);
  const base::BlockRef& block() const { return block_; }
  void release_block() { block_.reset(); }

 private:
  // Fields whose names begin with a colon.
  struct Pseudo {
    Slice method;
    Slice scheme;
    Slice authority;
    Slice path;
    Slice protocol;
    Slice status;
    bool has_authority = false;
  };

  Slice keep(Slice text);
  void grow(std::size_t bytes);
  void add_pseudo(Slice name, Slice value);
  void join_cookies();
  Result<void> check_limits() const;
  Result<void> read_target(RequestHead& head) const;
  Result<void> choose_host(RequestHead& head) const;
  base::Unexpected refuse(base::Errc code, std::string_view doing) const {
    return base::fail(code, side_, doing);
  }

  base::BlockPool* pool_ = nullptr;
  Fields* fields_ = nullptr;
  HeadLimits limits_;
  base::Side side_ = base::Side::Downstream;
  base::BlockRef block_;
  std::size_t used_ = 0;  // bytes of the block
  std::size_t list_bytes_ = 0;
  std::size_t cookies_ = 0;
  bool too_many_ = false;
  Pseudo pseudo_;
};

// Collects a trailer section into whole lines, as BodyDecoder::trailers() gives them. Errors: BadMessage (a name of FieldId, RFC
// 9110 §6.5.1), HeadTooLarge (above 8 KiB).
Result<void> add_trailer(std::string& lines, Slice name, Slice value, base::Side side);

// The framing of a message whose head has come: what its Content-Length says, else Chunked, since only the stream's end tells.
// `ended`: the stream ended with the head.
Result<BodyFraming> h2_request_framing(const RequestHead& head, bool ended);
Result<BodyFraming> h2_response_framing(const ResponseHead& head, Method request_method,
                                        bool ended);

}  // namespace prox::http
