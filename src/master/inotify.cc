#include "master/inotify.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace prox::master {

namespace {

constexpr std::uint32_t kDirectoryEvents =
    IN_CREATE | IN_DELETE | IN_MOVE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr std::uint32_t kFileEvents =
    IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

constexpr std::size_t kBufferBytes = 16384;  // some 500 events with short names

}  // namespace

tl::expected<Inotify, int> Inotify::open(int max_watches) {
  base::Fd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd) return tl::unexpected<int>{errno};
  return Inotify(std::move(fd), max_watches);
}

tl::expected<int, int> Inotify::watch_directory(const std::string& path) {
  return add(path, kDirectoryEvents);
}

tl::expected<int, int> Inotify::watch_file(const std::string& path) {
  return add(path, kFileEvents);
}

tl::expected<int, int> Inotify::add(const std::string& path, std::uint32_t what) {
  const int watch = ::inotify_add_watch(fd_.get(), path.c_str(), what);
  if (watch == -1) return tl::unexpected<int>{errno};
  if (watch <= max_watches_) return watch;  // they are numbered from 1
  forget(watch);
  return tl::unexpected<int>{ENOSPC};
}

void Inotify::forget(int watch) { ::inotify_rm_watch(fd_.get(), watch); }

std::vector<Inotify::Event> Inotify::read() {
  std::vector<Event> events;
  alignas(inotify_event) std::array<char, kBufferBytes> buffer;
  const ssize_t size = ::read(fd_.get(), buffer.data(), buffer.size());
  for (ssize_t at = 0; at < size;) {
    inotify_event head{};
    std::memcpy(&head, buffer.data() + at, sizeof head);
    at += static_cast<ssize_t>(sizeof head);
    // The name is filled up with zeros.
    const std::string name = head.len == 0 ? "" : buffer.data() + at;
    events.push_back({head.wd, head.mask, name});
    at += head.len;
  }
  return events;
}

}  // namespace prox::master
