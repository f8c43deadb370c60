#include <zlib.h>

#include "compress/encoders.h"
#include "prox/base/assert.h"

namespace prox::compress {

namespace {

// Beyond it each level costs a third more time for a hundredth of the size.
constexpr int kLevel = 5;
constexpr int kGzipFormat = 16;  // added to the bits of the window

// 256 KiB for a window of 15 bits: zlib takes 4 bytes for each of the window's, and as much again for its tables.
class GzipEncoder final : public Encoder {
 public:
  explicit GzipEncoder(std::optional<std::uint64_t> body_bytes) {
    const int window = window_bits(body_bytes, 9, 15);
    PROX_ASSERT(deflateInit2(&stream_, kLevel, Z_DEFLATED, window + kGzipFormat, window - 7,
                             Z_DEFAULT_STRATEGY) == Z_OK);
  }
  GzipEncoder(const GzipEncoder&) = delete;
  GzipEncoder& operator=(const GzipEncoder&) = delete;
  ~GzipEncoder() override { deflateEnd(&stream_); }

  Step step(Slice in, Until until, char* room, std::size_t room_bytes) override {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(room);
    stream_.avail_out = static_cast<uInt>(room_bytes);
    const int outcome = deflate(&stream_, flush_of(until));
    // Z_BUF_ERROR: there was nothing left to do.
    PROX_ASSERT(outcome == Z_OK || outcome == Z_STREAM_END || outcome == Z_BUF_ERROR);
    const bool is_done = until == Until::Ended ? outcome == Z_STREAM_END
                                               : stream_.avail_in == 0 && stream_.avail_out > 0;
    return {in.size() - stream_.avail_in, room_bytes - stream_.avail_out, is_done};
  }

 private:
  static int flush_of(Until until) {
    switch (until) {
      case Until::MoreComes: return Z_NO_FLUSH;
      case Until::Flushed: return Z_SYNC_FLUSH;
      case Until::Ended: return Z_FINISH;
    }
    return Z_NO_FLUSH;
  }

  z_stream stream_{};
};

}  // namespace

std::unique_ptr<Encoder> make_gzip_encoder(std::optional<std::uint64_t> body_bytes) {
  return std::make_unique<GzipEncoder>(body_bytes);
}

}  // namespace prox::compress
