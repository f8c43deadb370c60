#include "config/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "prox/base/fd.h"

namespace prox::config {
namespace {

tl::unexpected<std::string> system_fault() {
  return tl::unexpected<std::string>(std::generic_category().message(errno));
}

}  // namespace

tl::expected<FileContent, std::string> read_file(const std::string& path, FileKind kind,
                                                 std::size_t limit) {
  const int flags = O_RDONLY | O_CLOEXEC | (kind == FileKind::Regular ? O_NONBLOCK : 0);
  const base::Fd fd(open(path.c_str(), flags));
  if (!fd) return system_fault();
  struct stat status {};
  if (fstat(fd.get(), &status) == -1) return system_fault();
  if (kind == FileKind::Regular && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
    return tl::unexpected<std::string>("it is not a regular file");
  }
  FileContent content;
  content.writable_by_all = S_ISREG(status.st_mode) && (status.st_mode & S_IWOTH) != 0;
  content.readable_by_all = (status.st_mode & S_IROTH) != 0;
  std::array<char, 65536> buffer{};
  while (content.bytes.size() < limit) {
    const ssize_t got =
        read(fd.get(), buffer.data(), std::min(buffer.size(), limit - content.bytes.size()));
    if (got == -1 && errno == EINTR) continue;
    if (got == -1) return system_fault();
    if (got == 0) break;
    content.bytes.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return content;
}

bool is_directory(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace prox::config
