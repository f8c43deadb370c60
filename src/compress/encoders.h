#pragma once

#include <algorithm>
#include <bit>

#include "prox/compress/encoder.h"

// One for each library.
namespace prox::compress {

std::unique_ptr<Encoder> make_zstd_encoder(std::optional<std::uint64_t> body_bytes);
std::unique_ptr<Encoder> make_brotli_encoder(std::optional<std::uint64_t> body_bytes);
std::unique_ptr<Encoder> make_gzip_encoder(std::optional<std::uint64_t> body_bytes);

// The smallest window, as a power of two within these bounds, that such a body lies in whole.
inline int window_bits(std::optional<std::uint64_t> body_bytes, int least, int most) {
  if (!body_bytes) return most;
  return std::clamp(static_cast<int>(std::bit_width(*body_bytes)), least, most);
}

}  // namespace prox::compress
