#include "prox/files/directory.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "prox/base/fd.h"
#include "prox/files/beneath.h"

namespace prox::files {

namespace {

using base::Fd;
using base::Result;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using OpenDirectory = std::unique_ptr<DIR, CloseDirectory>;

class Reader {
 public:
  Reader(int root, const std::string& path) : root_(root), path_(path) {}

  Result<Directory> read() {
    const Result<Fd> place = open_beneath(root_, path_);
    if (!place) return base::Unexpected{place.error()};
    Fd opened(::openat(place->get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const OpenDirectory directory(opened ? ::fdopendir(opened.get()) : nullptr);
    if (!directory) return failure();
    opened.release();
    Directory read;
    // An error and the end differ by errno alone (readdir(3)).
    for (errno = 0; const dirent* entry = ::readdir(directory.get()); errno = 0) {
      std::optional<Listed> listed = look(::dirfd(directory.get()), entry->d_name);
      if (!listed) continue;
      if ((read.is_cut = read.names.size() == kMaxListed)) break;
      read.names.push_back(std::move(*listed));
    }
    if (errno != 0) return failure();
    std::sort(read.names.begin(), read.names.end(), [](const Listed& a, const Listed& b) {
      return std::tuple(!a.is_directory, std::string_view(a.name)) <
             std::tuple(!b.is_directory, std::string_view(b.name));
    });
    return read;
  }

 private:
  static base::Unexpected failure() {
    return base::Unexpected{base::from_errno("reading a directory")};
  }

  // None for what is not shown.
  std::optional<Listed> look(int directory, const char* name) const {
    if (*name == '.') return std::nullopt;
    struct stat status {};
    if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == -1) return std::nullopt;
    if (S_ISLNK(status.st_mode)) {
      const Result<Fd> behind = open_beneath(root_, path_ + name);
      if (!behind || ::fstat(behind->get(), &status) == -1) return std::nullopt;
    }
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) return std::nullopt;
    return Listed{name, S_ISDIR(status.st_mode), static_cast<std::uint64_t>(status.st_size),
                  status.st_mtim.tv_sec};
  }

  int root_;
  const std::string& path_;
};

}  // namespace

Result<Directory> read_directory(int root, const std::string& path) {
  return Reader(root, path).read();
}

}  // namespace prox::files
