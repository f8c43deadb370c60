#pragma once

#include <string>
#include <string_view>

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include "catch.h"
#include "prox/compress/encoder.h"

namespace prox::test {

// What has come of a coded body so far, and whether that is all of it.
struct Decoded {
  std::string text;
  bool ended = false;
};

inline Decoded decode_gzip(std::string_view coded) {
  Decoded decoded;
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
  stream.avail_in = static_cast<uInt>(coded.size());
  int outcome = Z_OK;
  char room[4096];
  do {
    stream.next_out = reinterpret_cast<Bytef*>(room);
    stream.avail_out = sizeof room;
    outcome = inflate(&stream, Z_SYNC_FLUSH);
    REQUIRE((outcome == Z_OK || outcome == Z_STREAM_END || outcome == Z_BUF_ERROR));
    decoded.text.append(room, sizeof room - stream.avail_out);
  } while (outcome == Z_OK);
  decoded.ended = outcome == Z_STREAM_END;
  CHECK(stream.avail_in == 0);
  inflateEnd(&stream);
  return decoded;
}

inline Decoded decode_brotli(std::string_view coded) {
  Decoded decoded;
  BrotliDecoderState* state = BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
  const auto* next_in = reinterpret_cast<const std::uint8_t*>(coded.data());
  std::size_t in_left = coded.size();
  BrotliDecoderResult outcome = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
  std::uint8_t room[4096];
  while (outcome == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
    std::uint8_t* next_out = room;
    std::size_t room_left = sizeof room;
    outcome =
        BrotliDecoderDecompressStream(state, &in_left, &next_in, &room_left, &next_out, nullptr);
    REQUIRE(outcome != BROTLI_DECODER_RESULT_ERROR);
    decoded.text.append(reinterpret_cast<char*>(room), sizeof room - room_left);
  }
  decoded.ended = outcome == BROTLI_DECODER_RESULT_SUCCESS;
  CHECK(in_left == 0);
  BrotliDecoderDestroyInstance(state);
  return decoded;
}

inline Decoded decode_zstd(std::string_view coded) {
  Decoded decoded;
  ZSTD_DCtx* context = ZSTD_createDCtx();
  ZSTD_inBuffer input{coded.data(), coded.size(), 0};
  char room[4096];
  ZSTD_outBuffer output{room, sizeof room, 0};
  do {
    output.pos = 0;
    const std::size_t left = ZSTD_decompressStream(context, &output, &input);
    REQUIRE(ZSTD_isError(left) == 0);
    decoded.text.append(room, output.pos);
    decoded.ended = left == 0;
  } while (input.pos < input.size || output.pos == output.size);
  ZSTD_freeDCtx(context);
  return decoded;
}

inline Decoded decode(compress::Coding coding, std::string_view coded) {
  switch (coding) {
    case compress::Coding::Zstd: return decode_zstd(coded);
    case compress::Coding::Brotli: return decode_brotli(coded);
    case compress::Coding::Gzip: return decode_gzip(coded);
  }
  return {};
}

}  // namespace prox::test
