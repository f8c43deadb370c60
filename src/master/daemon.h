#pragma once

#include <string>

#include <tl/expected.hpp>

#include "prox/base/fd.h"

namespace prox::master {

// A prox that leaves the terminal. The caller of `prox -daemon` waits until it serves, and gets its exit status if it does not.
class Daemon {
 public:
  // Goes on in a child that leads its own session; the parent stays and waits. The error is the reason. The working directory is kept:
  // the config and what it names may be relative.
  static tl::expected<Daemon, std::string> detach();

  // What stderr is once the start is reported: that file, or nothing if the path is empty. On failure, whose reason is the error, it stays
  // as it was.
  tl::expected<void, std::string> log_to(const std::string& path);
  // Lets the waiting parent go, with status 0, and the terminal too.
  void report_started();
  // Opens it by its path again, as after a rotation. On failure the old one stays and the reason is logged.
  bool reopen_log();
  int log_fd() const { return log_.get(); }

 private:
  Daemon() = default;
  void set_log(base::Fd log);

  std::string log_path_;  // empty: none
  base::Fd log_;
  base::Fd parent_;  // what is written here ends the parent's wait
  bool is_started_ = false;
};

}  // namespace prox::master
