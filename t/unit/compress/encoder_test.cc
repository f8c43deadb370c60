#include "prox/compress/encoder.h"

#include <algorithm>
#include <random>

#include <malloc.h>

#include "compress/decoded.h"

namespace prox::compress {

namespace {

using Until = Encoder::Until;

constexpr Coding kAll[] = {Coding::Zstd, Coding::Brotli, Coding::Gzip};

// Words in an order of chance: neither nothing nor everything can be made of it.
std::string some_text(std::size_t bytes, std::mt19937& random) {
  constexpr std::string_view kWords[] = {"proxy ", "a ", "the ",    "upstream ",
                                         "\n",     "42", "\xc3\xbc"};
  std::string text;
  while (text.size() < bytes) text += kWords[random() % std::size(kWords)];
  text.resize(bytes);
  return text;
}

std::string some_noise(std::size_t bytes, std::mt19937& random) {
  std::string noise(bytes, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  return noise;
}

// All steps that it takes, with a room of `room_bytes`.
void put(Encoder& encoder, Slice in, Until until, std::size_t room_bytes, std::string& out) {
  std::string room(room_bytes, '\0');
  for (;;) {
    const Encoder::Step step = encoder.step(in, until, room.data(), room.size());
    REQUIRE(step.consumed <= in.size());
    REQUIRE(step.produced <= room.size());
    out.append(room, 0, step.produced);
    in.remove_prefix(step.consumed);
    if (step.is_done) break;
    REQUIRE((step.consumed > 0 || step.produced > 0));
  }
  REQUIRE(in.empty());
}

}  // namespace

TEST_CASE("codings have the names that HTTP knows", "[compress]") {
  CHECK(name_of(Coding::Zstd) == "zstd");
  CHECK(name_of(Coding::Brotli) == "br");
  CHECK(name_of(Coding::Gzip) == "gzip");
}

TEST_CASE("a body is decoded to what it was, in whatever pieces it came", "[compress]") {
  std::mt19937 random(20);
  for (const Coding coding : kAll) {
    CAPTURE(name_of(coding));
    for (int round = 0; round < 60; ++round) {
      const std::size_t bytes = round % 3 == 0 ? random() % 100 : random() % 300'000;
      const std::string body =
          round % 4 == 0 ? some_noise(bytes, random) : some_text(bytes, random);
      CAPTURE(round, bytes);
      const auto known = round % 2 == 0 ? std::nullopt : std::optional<std::uint64_t>(body.size());
      const std::unique_ptr<Encoder> encoder = make_encoder(coding, known);
      std::string coded;
      const std::size_t room = round % 5 == 0 ? 16 : 4096;
      for (Slice rest = body; !rest.empty();) {
        const Slice piece = rest.substr(0, 1 + random() % 50'000);
        rest.remove_prefix(piece.size());
        put(*encoder, piece, random() % 4 == 0 ? Until::Flushed : Until::MoreComes, room, coded);
      }
      put(*encoder, {}, Until::Ended, room, coded);
      const test::Decoded decoded = test::decode(coding, coded);
      REQUIRE(decoded.text == body);
      REQUIRE(decoded.ended);
    }
  }
}

TEST_CASE("what is flushed can be decoded before more comes", "[compress]") {
  for (const Coding coding : kAll) {
    CAPTURE(name_of(coding));
    const std::unique_ptr<Encoder> encoder = make_encoder(coding, std::nullopt);
    std::string coded;
    std::string sent;
    for (int event = 0; event < 20; ++event) {
      const std::string data = "data: event " + std::to_string(event) + "\n\n";
      sent += data;
      // In two steps, as a timer flushes.
      put(*encoder, data, Until::MoreComes, 4096, coded);
      put(*encoder, {}, Until::Flushed, 4096, coded);
      const test::Decoded decoded = test::decode(coding, coded);
      REQUIRE(decoded.text == sent);
      REQUIRE_FALSE(decoded.ended);
    }
    const std::size_t before = coded.size();
    put(*encoder, {}, Until::Flushed, 4096, coded);
    CHECK(coded.size() - before < 16);  // nothing new, next to nothing sent
    put(*encoder, {}, Until::Ended, 4096, coded);
    CHECK(test::decode(coding, coded).text == sent);
    CHECK(test::decode(coding, coded).ended);
  }
}

TEST_CASE("a body without a byte has an end", "[compress]") {
  for (const Coding coding : kAll) {
    for (const auto known : {std::optional<std::uint64_t>(0), std::optional<std::uint64_t>()}) {
      std::string coded;
      put(*make_encoder(coding, known), {}, Until::Ended, 4096, coded);
      CHECK_FALSE(coded.empty());
      CHECK(test::decode(coding, coded).text.empty());
      CHECK(test::decode(coding, coded).ended);
    }
  }
}

TEST_CASE("text becomes a good deal smaller", "[compress]") {
  std::mt19937 random(21);
  const std::string body = some_text(100'000, random);
  for (const Coding coding : kAll) {
    CAPTURE(name_of(coding));
    std::string coded;
    put(*make_encoder(coding, body.size()), body, Until::Ended, 4096, coded);
    CHECK(coded.size() < body.size() / 3);
  }
}

TEST_CASE("an encoder holds less than 2 MiB", "[compress]") {
  std::mt19937 random(22);
  const std::string body = some_text(4'000'000, random);
  for (const Coding coding : kAll) {
    CAPTURE(name_of(coding));
    std::string coded;
    coded.reserve(body.size());
    // What malloc has given out; the sanitizers' own heaps do not count here.
    const auto held = [] {
      const struct mallinfo2 heap = ::mallinfo2();
      return heap.uordblks + heap.hblkhd;
    };
    const std::size_t before = held();
    const std::unique_ptr<Encoder> encoder = make_encoder(coding, std::nullopt);
    for (Slice rest = body; !rest.empty();) {
      const Slice piece = rest.substr(0, 30'000);
      rest.remove_prefix(piece.size());
      put(*encoder, piece, Until::MoreComes, 32'768, coded);
      REQUIRE(held() < before + (2U << 20));
    }
  }
}

}  // namespace prox::compress
