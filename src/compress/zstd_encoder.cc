#include <zstd.h>

#include "compress/encoders.h"
#include "prox/base/assert.h"

namespace prox::compress {

namespace {

// The lowest at which zstd comes to what gzip does at its level, and to less for long bodies; it is twice as fast there.
constexpr int kLevel = 6;
constexpr int kMostWindowBits = 17;  // clients need not go beyond 23 (RFC 9659)
constexpr int kLeastWindowBits = 10;
// With these tables it holds 1.3 MiB; with those of the level, for a window of 21 bits, 4 MiB.
constexpr int kTableBits = 16;

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

class ZstdEncoder final : public Encoder {
 public:
  explicit ZstdEncoder(std::optional<std::uint64_t> body_bytes) : context_(ZSTD_createCCtx()) {
    PROX_ASSERT(context_ != nullptr);
    set(ZSTD_c_compressionLevel, kLevel);
    set(ZSTD_c_windowLog, window_bits(body_bytes, kLeastWindowBits, kMostWindowBits));
    set(ZSTD_c_hashLog, kTableBits);
    set(ZSTD_c_chainLog, kTableBits);
  }

  Step step(Slice in, Until until, char* room, std::size_t room_bytes) override {
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{room, room_bytes, 0};
    const std::size_t left =
        ZSTD_compressStream2(context_.get(), &output, &input, operation_of(until));
    PROX_ASSERT(ZSTD_isError(left) == 0);
    const bool is_out = until == Until::MoreComes ? output.pos < output.size : left == 0;
    return {input.pos, output.pos, input.pos == input.size && is_out};
  }

 private:
  void set(ZSTD_cParameter parameter, int value) {
    PROX_ASSERT(ZSTD_isError(ZSTD_CCtx_setParameter(context_.get(), parameter, value)) == 0);
  }

  static ZSTD_EndDirective operation_of(Until until) {
    switch (until) {
      case Until::MoreComes: return ZSTD_e_continue;
      case Until::Flushed: return ZSTD_e_flush;
      case Until::Ended: return ZSTD_e_end;
    }
    return ZSTD_e_continue;
  }

  std::unique_ptr<ZSTD_CCtx, Free> context_;
};

}  // namespace

std::unique_ptr<Encoder> make_zstd_encoder(std::optional<std::uint64_t> body_bytes) {
  return std::make_unique<ZstdEncoder>(body_bytes);
}

}  // namespace prox::compress
