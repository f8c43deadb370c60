#include "master/trail.h"

#include <unistd.h>

#include <array>
#include <climits>
#include <optional>

namespace prox::master {

namespace {

constexpr int kMaxLinks = 40;  // the kernel's own limit, path_resolution(7)

std::optional<std::string> link_target(const std::string& path) {
  std::array<char, PATH_MAX> target;
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  if (size <= 0) return std::nullopt;
  return std::string(target.data(), static_cast<std::size_t>(size));
}

std::string join(const std::string& directory, const std::string& name) {
  if (directory == ".") return name;
  return directory.ends_with('/') ? directory + name : directory + '/' + name;
}

}  // namespace

std::string Trail::follow(const std::string& path) {
  links_left_ = kMaxLinks;
  if (path.size() >= PATH_MAX) return path;  // no system call takes it
  const std::string real = resolve(path);
  const std::size_t slash = real.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : real.substr(0, slash);
  const auto last = directories_.find(directory.empty() ? "/" : directory);
  if (last != directories_.end()) last->second.is_needed = true;
  return real;
}

// Directory by directory from the left; each is resolved once, however many files are in it.
std::string Trail::resolve(const std::string& path) {
  const auto known = resolved_.find(path);
  if (known != resolved_.end()) return known->second;
  // Not assigned: GCC 12 warns of a copy within the string that cannot be, with -O2.
  std::string real(path.empty() ? "." : "/");
  const std::size_t end = path.find_last_not_of('/');
  if (end != std::string::npos) {
    const std::size_t slash = path.rfind('/', end);
    const std::size_t begin = slash == std::string::npos ? 0 : slash + 1;
    real = step(resolve(path.substr(0, begin)), path.substr(begin, end + 1 - begin));
  }
  resolved_.emplace(path, real);
  return real;
}

std::string Trail::step(const std::string& directory, const std::string& name) {
  std::string path = join(directory, name);
  if (name == ".") return directory;
  if (name == "..") return path;
  Directory& holder = directories_[directory];
  holder.names.insert(name);
  const auto target = link_target(path);
  if (!target || links_left_ == 0) return path;
  --links_left_;
  holder.is_needed = true;
  return resolve(target->starts_with('/') ? *target : join(directory, *target));
}

}  // namespace prox::master
