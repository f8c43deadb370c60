#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "master/debounce.h"
#include "master/inotify.h"
#include "master/path_state.h"
#include "prox/net/loop.h"
#include "prox/net/timer.h"

namespace prox::master {

// Tells when something that the last load has read holds something else now, however that was saved: written in place, renamed over, by
// another target of a link, deleted and made again, or made at last. By inotify(7); where that fails, by a look each second.
class Watcher {
 public:
  class Owner {
   public:
    // `path` is one of those that have changed. Told again after later events, until watch() says what is read now. May call watch().
    virtual void on_files_changed(const std::string& path) = 0;

   protected:
    ~Owner() = default;
  };

  struct Pace {
    base::Millis quiet = 200;     // after the last event before it looks
    base::Millis longest = 2000;  // after the first, if events do not end or a file stays open
    base::Millis poll = 1000;
  };

  // Without inotify, the errno tells why.
  Watcher(net::Loop& loop, Owner& owner, tl::expected<Inotify, int> inotify, Pace pace);

  // What a load has read that began at `began` (CLOCK_REALTIME). Changes since then are told, too.
  void watch(const std::vector<config::WatchedPath>& paths, const timespec& began);

  bool is_polling() const { return is_polling_; }
  // Something has happened that has not been looked at yet.
  bool is_look_due() const { return debounce_.due() != 0; }

 private:
  struct Entry {
    PathState state;
    std::uint64_t loaded = 0;  // digest
  };
  // What counts of the events of one watch. Several paths may lead to one inode.
  struct Point {
    std::string path;
    std::set<std::string> names;                // in a directory
    std::set<config::WatchedPath::Role> roles;  // of a directory of which more is read
    bool is_unfinished = false;                 // a file that was written to and not closed since
  };
  using Points = std::unordered_map<int, Point>;
  struct Failure {
    std::string path;
    int error = 0;
  };

  std::vector<Entry> enter(const std::vector<config::WatchedPath>& paths, const timespec& began);
  void arm();
  bool arm_once();
  void arm_path(Points& points, const std::string& real, config::WatchedPath::Role role);
  Point* add_point(Points& points, tl::expected<int, int> watch, const std::string& path,
                   bool is_needed);
  bool replace_points(Points points);
  void set_polling(bool polling);

  void read_events();
  bool counts(const Inotify::Event& event);
  void note_event(const std::string& path);
  bool has_unfinished() const;
  void poll();
  void decide();
  const Entry* find_change();

  net::Loop& loop_;
  Owner& owner_;
  const Pace pace_;
  std::optional<Inotify> inotify_;
  net::Event inotify_event_;
  Points points_;  // by number of the watch
  std::vector<Entry> entries_;
  Debounce debounce_;
  std::string touched_;  // path of the first event of a run
  net::Timer quiet_timer_;
  net::Timer poll_timer_;
  bool is_polling_ = false;
  std::optional<Failure> failure_;  // of the last arm()
};

}  // namespace prox::master
