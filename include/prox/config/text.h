#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "prox/config/source.h"

// The values that settings are made of.
namespace prox::config {

using Duration = std::chrono::nanoseconds;  // 0 = no limit, unless said otherwise

// A string and where it stands, for messages that come later than the parse.
struct Text {
  std::string value;
  Place place;

  // Two texts are the same wherever they stand.
  bool operator==(const Text& other) const { return value == other.value; }
};

using Texts = std::vector<Text>;
using StringMap = std::vector<std::pair<std::string, std::string>>;

// A member of an object whose keys are the user's.
struct NamedText {
  Text name;
  Text value;

  bool operator==(const NamedText&) const = default;
};
using NamedTexts = std::vector<NamedText>;

// Header fields to set; an empty value removes the field.
using HeaderEdits = NamedTexts;

// A file or directory: as written, for messages, and where it is. A relative one hangs on the prefix, else on the directory of the
// root config.
struct Path {
  Text written;
  std::string resolved;

  bool operator==(const Path&) const = default;
};

// Something that no log, message or answer may show: there is no way to print one. reveal() is for whoever compares or sends it.
class Secret {
 public:
  Secret() = default;
  Secret(std::string value, Place place) : value_(std::move(value)), place_(place) {}

  const std::string& reveal() const { return value_; }
  Place place() const { return place_; }

  bool operator==(const Secret& other) const { return value_ == other.value_; }

 private:
  std::string value_;
  Place place_;
};

}  // namespace prox::config
