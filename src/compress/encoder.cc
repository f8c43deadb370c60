#include "prox/compress/encoder.h"

#include "compress/encoders.h"

namespace prox::compress {

Slice name_of(Coding coding) {
  switch (coding) {
    case Coding::Zstd: return "zstd";
    case Coding::Brotli: return "br";
    case Coding::Gzip: return "gzip";
  }
  return {};
}

std::unique_ptr<Encoder> make_encoder(Coding coding, std::optional<std::uint64_t> body_bytes) {
  switch (coding) {
    case Coding::Zstd: return make_zstd_encoder(body_bytes);
    case Coding::Brotli: return make_brotli_encoder(body_bytes);
    case Coding::Gzip: return make_gzip_encoder(body_bytes);
  }
  return nullptr;
}

}  // namespace prox::compress
