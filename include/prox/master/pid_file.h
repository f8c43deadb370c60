#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "prox/base/fd.h"

namespace prox::master {

// Where the pid file is if the config does not say: PREFIX/prox.pid with a prefix, else /run/prox.pid for root, else
// $XDG_RUNTIME_DIR/prox.pid; none if that is unset.
std::optional<std::string> default_pid_path(std::string_view prefix);

// The control socket beside a pid file: the ending .pid becomes .sock, another one is kept before it.
std::string control_path(std::string_view pid_path);

// The running master's pid, if one holds the file. A file that nobody has locked is a leftover.
std::optional<pid_t> read_running_pid(const std::string& pid_path);

// The master's pid in a file that is locked as long as the master lives. Removed when the object goes.
class PidFile {
 public:
  struct Failure {
    bool is_held = false;  // by another prox
    std::string why;
  };
  // Replaces a leftover in one step, so that no reader sees half a number.
  static tl::expected<PidFile, Failure> create(const std::string& path);

  PidFile(PidFile&&) noexcept = default;
  PidFile& operator=(PidFile&&) noexcept = delete;
  ~PidFile();

  const std::string& path() const { return path_; }

 private:
  PidFile(std::string path, base::Fd locked) : path_(std::move(path)), locked_(std::move(locked)) {}

  std::string path_;
  base::Fd locked_;
};

}  // namespace prox::master
