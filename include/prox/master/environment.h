#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "prox/config/config.h"
#include "prox/config/diagnostic.h"
#include "prox/config/loader.h"
#include "prox/worker/worker.h"

namespace prox::master {

// One address to listen on, as the system wants it. A name in the config gives one for each address it has.
struct Address {
  std::string key;            // as worker::Listener::key
  std::uint32_t service = 0;  // index into Config::services
  std::string service_name;
  std::string written;  // as the config has it
  config::Place place;
  bool is_tls = false;
  bool redirects = false;      // the service's http_redirect, not its listen
  bool dual_stack = false;     // IPv6 wildcard that takes IPv4 as well
  sockaddr_storage storage{};  // room for sockaddr_un
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  bool is_unix() const { return storage.ss_family == AF_UNIX; }
  const char* unix_path() const { return reinterpret_cast<const sockaddr_un*>(&storage)->sun_path; }
  std::uint16_t port() const;  // 0 for a Unix socket
  void set_port(std::uint16_t port);
  std::string text() const;  // "127.0.0.1:8080", "[::1]:8080", "unix:/run/p.sock"
};

// What a config needs of this machine: users, names, processors. Looked up by the master, at load.
struct Environment {
  std::size_t workers = 1;
  worker::Credentials credentials;
  std::vector<Address> addresses;
};

// Looks everything up and adds what is missing to the diagnostics: as warnings for Purpose::Validate, else as errors. `workers` stands
// over the config's number. May ask the resolver, so it may block.
Environment examine(const config::Config& config, config::Purpose purpose,
                    std::optional<std::size_t> workers, config::Diagnostics& diagnostics);

// Warns of config files and directories that the user whom workers run as could write to: the master would obey, as root, at its
// next reload. Nothing is said if workers stay who the master is.
void warn_of_writers(const std::vector<config::WatchedPath>& paths,
                     const worker::Credentials& credentials, config::Diagnostics& diagnostics);

}  // namespace prox::master
