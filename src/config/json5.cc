#include "prox/config/json5.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "config/json5_actions.h"
#include "config/json5_explain.h"

namespace prox::config::json5 {
namespace {

namespace peg = tao::pegtl;
using Input = peg::memory_input<peg::tracking_mode::lazy>;

Input input_of(std::string_view text) { return {text.data(), text.data() + text.size(), ""}; }

// Offset of the first byte that is not UTF-8, or the text's size.
std::size_t valid_utf8_bytes(std::string_view text) {
  Input in = input_of(text);
  peg::parse<peg::star<peg::utf8::any>>(in);
  return text.size() - in.size();
}

void explain_encoding(Place place, std::string_view text, Diagnostics& diagnostics) {
  const bool utf16 = text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
  diagnostics.error("syntax", place,
                    fmt::format("expected UTF-8, found the byte 0x{:02X}",
                                static_cast<unsigned char>(text[place.offset])),
                    utf16 ? "the file is in UTF-16; save it as UTF-8" : "save the file as UTF-8");
}

}  // namespace

std::string_view Value::type_name() const {
  constexpr std::array<std::string_view, 6> kNames = {"null",     "a boolean", "a number",
                                                      "a string", "an array",  "an object"};
  return kNames[data_.index()];
}

const Items* Value::as_array() const {
  const auto* items = std::get_if<std::unique_ptr<Items>>(&data_);
  return items ? items->get() : nullptr;
}

const Members* Value::as_object() const {
  const auto* members = std::get_if<std::unique_ptr<Members>>(&data_);
  return members ? members->get() : nullptr;
}

const Value* Value::find(std::string_view key) const {
  const Members* members = as_object();
  if (!members) return nullptr;
  const auto found =
      std::find_if(members->begin(), members->end(), [&](const Member& m) { return m.key == key; });
  return found == members->end() ? nullptr : &found->value;
}

std::optional<Value> parse(const Sources& sources, std::uint32_t file, Diagnostics& diagnostics) {
  const std::string_view text = sources.text(file);
  if (text.size() > kMaxBytes) {
    diagnostics.error("syntax", Place{file, 0, 1},
                      fmt::format("this file is larger than {} MiB", kMaxBytes >> 20));
    return std::nullopt;
  }
  if (const std::size_t valid = valid_utf8_bytes(text); valid < text.size()) {
    explain_encoding({file, static_cast<std::uint32_t>(valid), 1}, text, diagnostics);
    return std::nullopt;
  }
  Builder builder(text, file, diagnostics);
  try {
    Input in = input_of(text);
    peg::parse<grammar::document, grammar::action, grammar::control>(in, builder);
    return builder.take();
  } catch (const Failure& failure) {
    explain(failure, text, builder, diagnostics);
    return std::nullopt;
  }
}

}  // namespace prox::config::json5
