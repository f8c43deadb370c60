#pragma once

#include <map>
#include <string>
#include <vector>

#include "prox/base/fd.h"
#include "prox/config/config.h"
#include "prox/config/diagnostic.h"

namespace prox::master {

// A log file that is opened to append whole lines: made if it is missing (0644), never waited for. A pipe (mkfifo(1)) need not be read by
// anyone yet.
base::Fd open_log(const std::string& path);

// If stderr is a pipe, opens it anew, so that it can be non-blocking for prox without being so for others that hold it. A look at whether
// there is room would not do: processes that share the pipe find the same room, and all but one would wait. Stays as it is where the
// pipe may not be opened.
void own_console();

// The log files of all configs that are in force or about to be. Opened once each by the master, whose rights workers have not, and handed
// on to these.
class LogFiles {
 public:
  // Opens those of the config that are not open. False if one cannot be: the diagnostics tell which.
  bool open(const config::Config& config, config::Diagnostics& diagnostics);
  // Of one that is open; -1 for no other.
  int fd(const std::string& path) const;
  std::vector<int> fds(const std::vector<std::string>& paths) const;

  struct Failure {
    std::string path;
    int error = 0;
  };
  // Opens all of them by their paths again, as after a rotation. Those that cannot be stay as they are.
  std::vector<Failure> reopen();
  // Closes those that are not among these.
  void keep_only(const std::vector<std::string>& paths);

 private:
  std::map<std::string, base::Fd> files_;
};

}  // namespace prox::master
