// The first byte is how the rest is cut into pieces; the rest is a body in the chunked coding.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "prox/base/assert.h"
#include "prox/http/fields.h"
#include "prox/http/framing.h"

namespace {

using namespace prox;
using http::Slice;

struct Decoded {
  std::string data;
  std::string trailers;
  std::size_t consumed = 0;
  bool is_complete = false;
  std::optional<base::Errc> error;
};

// Decodes what there is; `seed` is how it is cut, 0 for not at all. Each piece lies in a place without a byte to spare.
Decoded decode(Slice input, std::uint32_t seed) {
  http::BodyDecoder decoder;
  decoder.start({http::BodyFraming::Kind::Chunked, 0}, base::Side::Upstream);
  Decoded decoded;
  std::size_t come = 0;
  while (come < input.size() && !decoder.is_complete()) {
    seed = seed * 1664525 + 1013904223;
    const std::size_t size =
        seed == 1013904223 ? input.size()
                           : std::min<std::size_t>(input.size() - come, 1 + (seed >> 24) % 12);
    const std::unique_ptr<char[]> place(new char[size]);
    input.copy(place.get(), size, come);
    Slice in(place.get(), size);
    come += size;
    while (!in.empty() && !decoder.is_complete()) {
      const auto step = decoder.decode(in);
      if (!step) {
        decoded.error = step.error().code;
        return decoded;
      }
      PROX_ASSERT(step->consumed > 0 && step->consumed <= in.size());
      PROX_ASSERT(step->end == decoder.is_complete());
      if (!step->data.empty()) {
        PROX_ASSERT(step->data.data() >= in.data() &&
                    step->data.data() + step->data.size() <= in.data() + step->consumed);
      }
      decoded.data += step->data;
      decoded.consumed += step->consumed;
      in.remove_prefix(step->consumed);
    }
  }
  decoded.is_complete = decoder.is_complete();
  decoded.trailers = decoder.trailers();
  PROX_ASSERT(decoder.finish_at_close().has_value() == decoded.is_complete);
  return decoded;
}

void check_splits(Slice input, std::uint32_t seed) {
  const Decoded whole = decode(input, 0);
  const Decoded pieces = decode(input, seed);
  PROX_ASSERT(whole.data == pieces.data);
  PROX_ASSERT(whole.error == pieces.error);
  if (whole.error) return;
  PROX_ASSERT(whole.is_complete == pieces.is_complete);
  PROX_ASSERT(whole.consumed == pieces.consumed);
  PROX_ASSERT(whole.trailers == pieces.trailers || !whole.is_complete);
  PROX_ASSERT(whole.trailers.size() <= 8194);
}

// Any bytes, put into chunks, must come out as they went in, and leave what follows alone.
void check_round_trip(Slice body, std::uint32_t seed) {
  std::string coded;
  Slice rest = body;
  for (std::uint32_t turn = seed; !rest.empty(); turn = turn * 1664525 + 1013904223) {
    const Slice chunk = rest.substr(0, 1 + (turn >> 24) % 40);
    char size[32];
    std::snprintf(size, sizeof size, turn % 2 == 0 ? "%zx" : "%03zX;x=\"y\"", chunk.size());
    coded += std::string(size) + "\r\n" + std::string(chunk) + "\r\n";
    rest.remove_prefix(chunk.size());
  }
  const std::string trailers = seed % 2 == 0 ? "X-Sum: 1\r\n" : "";
  coded += "0\r\n" + trailers + "\r\n";
  for (const std::uint32_t cut : {0U, seed}) {
    const Decoded decoded = decode(coded + "behind", cut);
    PROX_ASSERT(!decoded.error && decoded.is_complete);
    PROX_ASSERT(decoded.consumed == coded.size());
    PROX_ASSERT(decoded.data == body);
    PROX_ASSERT(decoded.trailers == trailers);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Slice input(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_splits(input, data[0] + 1U);
  check_round_trip(input, data[0] + 1U);
  return 0;
}
