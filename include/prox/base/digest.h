#pragma once

#include <cstdint>
#include <string_view>

namespace prox::base {

// FNV-1a, 64 bits: tells whether bytes are those that were there before. It withstands nobody who wants it to be wrong.
class Digest {
 public:
  Digest() = default;
  explicit Digest(std::string_view bytes) { add(bytes); }

  void add(std::string_view bytes) {
    for (const char byte : bytes)
      value_ = (value_ ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325U;
};

}  // namespace prox::base
