// Any bytes become a JSON string that a JSON library reads: as the same text if they were UTF-8.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "prox/base/assert.h"
#include "prox/base/json_line.h"

namespace {

// In the library's eyes, which refuses to write anything else.
bool is_utf8(const std::string& text) {
  try {
    (void)nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  // The room that is promised to be enough, and not a byte more.
  const std::size_t room = prox::base::JsonLine::kEnds + prox::base::JsonLine::room("k", text);
  const std::unique_ptr<char[]> place(new char[room]);
  prox::base::JsonLine line(place.get());
  line.text("k", text);
  const std::string written(place.get(), line.end());
  PROX_ASSERT(written.find('\n') == written.size() - 1);
  const nlohmann::json read = nlohmann::json::parse(written);
  if (is_utf8(text)) PROX_ASSERT(read["k"].get<std::string>() == text);
  return 0;
}
