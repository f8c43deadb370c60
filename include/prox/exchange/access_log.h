#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "prox/base/clock.h"
#include "prox/base/line_writer.h"
#include "prox/exchange/access_line.h"
#include "prox/exchange/access_rule.h"
#include "prox/net/loop.h"
#include "prox/net/timer.h"
#include "prox/zone/zone.h"

namespace prox::exchange {

struct Exchange;

// A worker's access lines, to the files of its plan and to the console. They are gathered, and leave every 100 ms or when there are 64 KiB
// of them; what a file or the console does not take is lost, and told in the log.
class AccessLog {
 public:
  // The files are set by set_file(); the plan outlives it.
  AccessLog(net::Loop& loop, const LogPlan& plan, zone::Row& row);
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;
  ~AccessLog() { flush(); }

  // The file with that index is this descriptor from now on; it is not owned. What was gathered goes to the one before.
  void set_file(std::size_t index, int fd);

  // Whether a line with that status would be written anywhere: nothing is worked out for one that nobody wants.
  bool wants(const AccessRule& rule, int status) const {
    return rule.file != AccessRule::kNoFile || (rule.console && is_shown_on_console(status));
  }
  // Of an exchange, as log_access().
  void write(const Exchange& exchange);
  // Of anything else; `began` and `duration` are worked out from `started`, a time of a turn.
  void write(const AccessRule& rule, AccessLine line, base::Micros started);

  void flush();

 private:
  struct File {
    const std::string& path;
    base::LineWriter writer;
    std::uint64_t told_lost = 0;
    base::Millis next_report = 0;
  };

  void expect_flush();
  void count_lost();
  bool report(File& file);

  const LogPlan& plan_;
  zone::Row& row_;
  std::deque<File> files_;
  net::Timer timer_;
  std::int64_t wall_offset_ = 0;  // nanoseconds from the monotonic clock to the time of day
};

}  // namespace prox::exchange
