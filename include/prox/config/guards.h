#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "prox/config/network.h"
#include "prox/config/text.h"

// What services and routes have in common: who may come in, how often, and how answers leave.
namespace prox::config {

// `rate` requests in each `per`, and `burst` more at once.
struct RequestLimit {
  std::int64_t rate = 0;
  Duration per = std::chrono::seconds(1);
  std::int64_t burst = 0;
  Text key{"{client}", {}};

  bool operator==(const RequestLimit&) const = default;
};

struct BasicAuth {
  Text realm;
  std::vector<std::pair<Text, Secret>> users;  // name, and a bcrypt or yescrypt hash

  bool operator==(const BasicAuth&) const = default;
};

struct Guards {
  std::optional<RequestLimit> limit;
  Networks allow;  // empty: everyone
  Networks deny;   // comes first
  std::optional<BasicAuth> basic_auth;

  bool operator==(const Guards&) const = default;
};

enum class Coding : std::uint8_t { Zstd, Brotli, Gzip };

// What is not written in a route is as its service has it.
struct Compression {
  std::optional<std::vector<Coding>> codings;  // empty, or none in a service: nothing is compressed
  std::optional<std::int64_t> min_bytes;

  bool operator==(const Compression&) const = default;
};

struct AccessLog {
  bool off = false;
  Path path;  // if not off

  bool operator==(const AccessLog&) const = default;
};

}  // namespace prox::config
