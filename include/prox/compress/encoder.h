#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "prox/base/slice.h"

namespace prox::compress {

using base::Slice;

enum class Coding : std::uint8_t { Zstd, Brotli, Gzip };

// As Accept-Encoding and Content-Encoding know it (RFC 9110 §8.4.1, RFC 7932, RFC 8878): "zstd", "br", "gzip".
Slice name_of(Coding coding);

// Encodes one body as it comes. Holds less than 2 MiB, whatever comes; nothing that a body holds can make it fail.
class Encoder {
 public:
  // What has to be out when a step is done.
  enum class Until : std::uint8_t {
    MoreComes,  // what the library sees fit
    Flushed,    // all that the client needs to decode what has gone in so far
    Ended,      // all of it: there is no further step
  };
  struct Step {
    std::size_t consumed = 0;  // bytes of the input
    std::size_t produced = 0;  // bytes in the room
    bool is_done = false;      // all input is taken, and `until` holds; else it needs more room
  };

  virtual ~Encoder() = default;

  // Until a step is done, the next one has the rest of the same input and the same `until`.
  virtual Step step(Slice in, Until until, char* room, std::size_t room_bytes) = 0;
};

// `body_bytes`: how long the body is, if that is known; a short one costs less memory then.
std::unique_ptr<Encoder> make_encoder(Coding coding, std::optional<std::uint64_t> body_bytes);

}  // namespace prox::compress
