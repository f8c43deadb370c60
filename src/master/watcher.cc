#include "master/watcher.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "master/trail.h"
#include "prox/base/assert.h"
#include "prox/base/log.h"

namespace prox::master {

namespace {

namespace log = base::log;

constexpr int kMaxPasses = 8;

// There is nothing to watch yet; the directory above tells when there is.
bool is_missing(int error) { return error == ENOENT || error == ENOTDIR || error == ELOOP; }

}  // namespace

Watcher::Watcher(net::Loop& loop, Owner& owner, tl::expected<Inotify, int> inotify, Pace pace)
    : loop_(loop), owner_(owner), pace_(pace), debounce_(pace.quiet, pace.longest) {
  quiet_timer_.init(
      loop_, [](void* self) { static_cast<Watcher*>(self)->decide(); }, this);
  poll_timer_.init(
      loop_, [](void* self) { static_cast<Watcher*>(self)->poll(); }, this);
  if (!inotify) {
    failure_ = {"inotify", inotify.error()};
    set_polling(true);
    return;
  }
  inotify_.emplace(std::move(*inotify));
  const auto on_readable = [](int, short, void* self) {
    static_cast<Watcher*>(self)->read_events();
  };
  PROX_ASSERT(inotify_event_.add(loop_, inotify_->fd(), EV_READ | EV_PERSIST, on_readable, this));
}

void Watcher::watch(const std::vector<config::WatchedPath>& paths, const timespec& began) {
  entries_ = enter(paths, began);
  arm();
  // It came between reading and watching.
  if (const Entry* changed = find_change()) note_event(changed->state.path().path);
}

// What is known of a path is kept, so that only files that have changed are read.
std::vector<Watcher::Entry> Watcher::enter(const std::vector<config::WatchedPath>& paths,
                                           const timespec& began) {
  std::unordered_map<std::string, PathState> known;
  for (Entry& entry : entries_) {
    std::string path = entry.state.path().path;
    known.emplace(std::move(path), std::move(entry.state));
  }
  std::vector<Entry> entries;
  for (const config::WatchedPath& read : paths) {
    const auto found = known.find(read.path);
    const bool is_known = found != known.end() && found->second.path() == read;
    Entry entry{is_known ? found->second : PathState(read)};
    entry.loaded = entry.state.digest();
    // The load may have seen what was there before.
    if (entry.loaded != read.digest && entry.state.may_be_newer_than(began))
      entry.loaded = read.digest.value_or(~entry.loaded);
    entries.push_back(std::move(entry));
  }
  return entries;
}

// Watching. Done anew after each run of events, since they may have put other files, links or directories in the places of those that
// were watched.

void Watcher::arm() {
  if (!inotify_) return;
  failure_.reset();
  // A link that is moved before its directory is watched leads elsewhere, and nothing tells: so once more when all is watched.
  for (int pass = 0; pass < kMaxPasses && arm_once(); ++pass) {
  }
  set_polling(failure_.has_value());
}

// True if something is watched now that was not before.
bool Watcher::arm_once() {
  Points points;
  Trail trail;
  for (const Entry& entry : entries_)
    arm_path(points, trail.follow(entry.state.path().path), entry.state.path().role);
  for (const auto& [path, directory] : trail.directories()) {
    Point* point = add_point(points, inotify_->watch_directory(path), path, directory.is_needed);
    if (point != nullptr) point->names.insert(directory.names.begin(), directory.names.end());
  }
  return replace_points(std::move(points));
}

void Watcher::arm_path(Points& points, const std::string& real, config::WatchedPath::Role role) {
  const auto as_directory = inotify_->watch_directory(real);
  if (as_directory || as_directory.error() != ENOTDIR) {
    Point* point = add_point(points, as_directory, real, true);
    if (point != nullptr) point->roles.insert(role);
  } else {
    // One that cannot be read could not be loaded either; its directory tells when its mode is changed.
    add_point(points, inotify_->watch_file(real), real, false);
  }
}

// Null if there is nothing that could be watched.
Watcher::Point* Watcher::add_point(Points& points, tl::expected<int, int> watch,
                                   const std::string& path, bool is_needed) {
  if (watch) {
    Point& point = points[*watch];
    point.path = path;
    return &point;
  }
  const bool is_harmless = is_missing(watch.error()) || (watch.error() == EACCES && !is_needed);
  if (!is_harmless && !failure_) failure_ = {path, watch.error()};
  return nullptr;
}

bool Watcher::replace_points(Points points) {
  const auto is_new = [this](const auto& point) { return !points_.contains(point.first); };
  const bool has_new = std::any_of(points.begin(), points.end(), is_new);
  for (const auto& [watch, point] : points_) {
    const auto kept = points.find(watch);
    if (kept == points.end())
      inotify_->forget(watch);
    else
      kept->second.is_unfinished = point.is_unfinished;
  }
  points_ = std::move(points);
  return has_new;
}

void Watcher::set_polling(bool polling) {
  if (polling && !is_polling_) {
    log::warn("cannot watch files for changes: looking at them every second instead",
              {{"path", failure_->path}, {"reason", std::strerror(failure_->error)}});
  }
  is_polling_ = polling;
  if (!polling) {
    poll_timer_.cancel();
  } else if (poll_timer_.deadline() == 0) {
    poll_timer_.set_after(pace_.poll);
  }
}

// Noticing. An event only says that it is time for a look, soon.

void Watcher::read_events() {
  for (const Inotify::Event& event : inotify_->read()) {
    const auto point = points_.find(event.watch);
    std::string path = point == points_.end() ? "" : point->second.path;
    if (!event.name.empty()) path += '/' + event.name;
    if (counts(event)) note_event(path);
  }
}

bool Watcher::counts(const Inotify::Event& event) {
  if ((event.what & IN_Q_OVERFLOW) != 0) return true;
  const auto found = points_.find(event.watch);
  if (found == points_.end()) return false;  // of a watch that was ended
  Point& point = found->second;
  const auto lists_it = [&event](config::WatchedPath::Role role) {
    return is_listed(role, event.name);
  };
  const bool is_known = event.name.empty() || point.names.contains(event.name) ||
                        std::any_of(point.roles.begin(), point.roles.end(), lists_it);
  // Who saves in place empties the file first, and may be held up before all is written.
  if ((event.what & IN_MODIFY) != 0) point.is_unfinished = true;
  if ((event.what & IN_CLOSE_WRITE) != 0) point.is_unfinished = false;
  if ((event.what & IN_IGNORED) != 0) points_.erase(found);
  return is_known;
}

void Watcher::poll() {
  poll_timer_.set_after(pace_.poll);
  const auto may_have_changed = [](const Entry& entry) { return entry.state.may_have_changed(); };
  const auto found = std::find_if(entries_.begin(), entries_.end(), may_have_changed);
  if (found != entries_.end()) note_event(found->state.path().path);
}

void Watcher::note_event(const std::string& path) {
  if (debounce_.due() == 0) touched_ = path;
  debounce_.on_event(base::coarse_now());
  quiet_timer_.set(debounce_.due(has_unfinished()));
}

bool Watcher::has_unfinished() const {
  return std::any_of(points_.begin(), points_.end(),
                     [](const auto& point) { return point.second.is_unfinished; });
}

void Watcher::decide() {
  debounce_.reset();
  arm();
  const Entry* changed = find_change();
  if (changed == nullptr)
    return log::debug("files were touched, none has changed", {{"path", touched_}});
  const std::string path = changed->state.path().path;
  owner_.on_files_changed(path);
}

// Looks at all of them, so that the next look has less to read.
const Watcher::Entry* Watcher::find_change() {
  const Entry* first = nullptr;
  for (Entry& entry : entries_) {
    if (entry.state.digest() != entry.loaded && first == nullptr) first = &entry;
  }
  return first;
}

}  // namespace prox::master
