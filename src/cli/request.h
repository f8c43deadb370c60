#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "cli/options.h"
#include "prox/config/config.h"

namespace prox::cli {

// The parts of a URL that matter here. `http://` may be left out.
struct Url {
  std::string scheme;     // http, https, ws or wss
  std::string authority;  // "example.com:8080", as written
  std::uint16_t port = 80;
  bool has_port = false;  // written, not the scheme's own
  std::string rest;       // path and query, as written, without fragment; begins with "/"
};

// The error is a whole sentence for the user.
tl::expected<Url, std::string> parse_url(std::string_view text);

// The service that a request goes to: the one named, else the one that listens on the URL's port.
struct Choice {
  const config::Service* service = nullptr;
  std::string note;  // what of it does not go with the URL; empty if all does
};
tl::expected<Choice, std::string> choose_service(const config::Config& config, const Url& url,
                                                 std::string_view name);

// The same for a connection: without name and URL, the only service with pass routes, or the only one.
tl::expected<Choice, std::string> choose_service_for_hello(const config::Config& config,
                                                           const std::optional<Url>& url,
                                                           std::string_view name);

// The request's head as a client would send it, fit for the parser of HTTP/1.
tl::expected<std::string, std::string> write_head(const Question& question, const Url& url);

}  // namespace prox::cli
