#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "prox/config/json5.h"

namespace prox::config::json5 {

// Puts values together while the grammar reads a text: the state that its actions work on. Offsets are bytes from the start of the text.
class Builder {
 public:
  // An array or object that has begun and not ended.
  struct Open {
    Value value;
    Member next;  // in an object: key and place of the member whose value is due
  };

  // `diagnostics` gets the duplicate keys and must outlive the builder, as must the text.
  Builder(std::string_view text, std::uint32_t file, Diagnostics& diagnostics)
      : text_(text), file_(file), diagnostics_(diagnostics) {}

  // The characters of the string or key that is being read, escapes resolved.
  std::string characters;

  void open_array(std::size_t offset);
  void open_object(std::size_t offset);
  // Ends the innermost array or object with the bracket that stands before `end`.
  void close(std::size_t end);
  void add_null(std::string_view token);
  void add_bool(bool value, std::string_view token);
  void add_number(std::string_view token);
  // Takes `characters`.
  void add_string(std::string_view token);
  void set_key(std::string_view token);

  std::size_t offset_of(const char* at) const {
    return static_cast<std::size_t>(at - text_.data());
  }
  Place place_of(std::size_t offset, std::size_t length) const;
  const std::vector<Open>& open() const { return open_; }
  // The finished root value.
  Value take() { return std::move(root_); }

 private:
  void push(Value container, std::size_t offset);
  void add(Value value, std::string_view token);
  void attach(Value value);
  void drop_duplicates(Members& members);

  std::string_view text_;
  std::uint32_t file_;
  Diagnostics& diagnostics_;
  std::vector<Open> open_;  // at most kMaxDepth
  Value root_;
};

}  // namespace prox::config::json5
