#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "prox/base/log.h"

namespace prox::cli {

enum class Command : std::uint8_t {
  Serve,
  Validate,
  Test,          // -t; with Options::dump -T
  Signal,        // -s
  Version,       // on stdout
  ShortVersion,  // -v, on stderr
  BuildInfo,     // -V, on stderr
  Config,
  Schema,
  Routes,
  Explain,
};

enum class Format : std::uint8_t { Text, Json };

// The request, or the connection, that `prox explain` is asked about.
struct Question {
  std::string url;
  std::string method = "GET";
  std::vector<std::string> headers;    // "Name: value"
  std::string from = "127.0.0.1";      // the client\'s address
  std::string service;                 // its name; empty: the one that listens on the URL's port
  std::string target;                  // sent in place of the request target that the URL gives
  bool proxy = false;                  // the whole URL is sent, as to a forward proxy
  std::string server_name;             // of a ClientHello
  std::vector<std::string> protocols;  // the same: ALPN

  // What becomes of a connection by its ClientHello, not of a request.
  bool is_about_hello() const { return !server_name.empty() || !protocols.empty(); }
};

// What was asked for.
struct Options {
  Command command = Command::Serve;
  std::string config_path;  // as written, or where the config was found
  std::string prefix;
  std::optional<base::log::Level> level;  // LOG_LEVEL, else -log-level
  std::optional<std::size_t> workers;     // PROX_WORKERS
  bool watch = true;
  bool daemon = false;
  bool quiet = false;
  bool dump = false;  // print the effective config, too
  bool strict = false;
  Format format = Format::Text;
  std::string signal;  // reload, reopen, stop or quit
  Question question;
};

// The command line asks for text only, or cannot be understood.
struct Answer {
  int status = 0;
  std::string out;  // for stdout
  std::string err;  // for stderr
};

// How the parser sees the world.
struct Surroundings {
  std::function<const char*(const char*)> getenv;
  std::function<bool(const std::string&)> exists;
};

// `arguments`: without the program's name.
std::variant<Options, Answer> parse(const std::vector<std::string>& arguments,
                                    const Surroundings& surroundings);

}  // namespace prox::cli
