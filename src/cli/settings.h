#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "prox/compress/negotiation.h"
#include "prox/config/config.h"

// What holds for a route's requests beside its limits, put together from route, action, service and the whole config as a server
// does it.
namespace prox::cli {

struct ShownCompression {
  std::vector<std::string> codings;  // the best liked first; empty: nothing is compressed
  std::uint64_t min_bytes = compress::Settings().min_bytes;  // smaller bodies are left alone
};

ShownCompression compression_of(const config::Service& service, const config::Route& route,
                                const config::Action& action);

// The file for a line per request, as written, or "off". Empty: nothing is said of one, and the console gets the line.
std::string access_log_of(const config::Config& config, const config::Route& route,
                          const config::Action& action);

// Names of header fields, as written where they are decided on. Values are not shown: they may be secrets.
struct ShownFields {
  std::vector<std::string> set;
  std::vector<std::string> removed;

  bool empty() const { return set.empty() && removed.empty(); }
};

// Of the request that goes to the upstream.
ShownFields request_fields_of(const config::Action& action);
ShownFields response_fields_of(const config::Service& service, const config::Route& route,
                               const config::Action& action);

}  // namespace prox::cli
