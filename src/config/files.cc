#include "config/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "prox/base/fd.h"

namespace prox::config {
namespace {

tl::unexpected<std::string> system_fault() {
  return tl::unexpected<std::string>(std::generic_category().message(errno));
}

// What the system would open is the part before a NUL: another file.
bool has_nul(std::string_view path) { return path.find('\0') != std::string_view::npos; }

}  // namespace

tl::expected<FileContent, std::string> read_file(const std::string& path, FileKind kind,
                                                 std::size_t limit) {
  if (path.empty()) return tl::unexpected<std::string>("the path is empty");
  if (has_nul(path)) return tl::unexpected<std::string>("the path has a NUL character in it");
  const int flags = O_RDONLY | O_CLOEXEC | (kind == FileKind::Regular ? O_NONBLOCK : 0);
  const base::Fd fd(open(path.c_str(), flags));
  if (!fd) return system_fault();
  struct stat status {};
  if (fstat(fd.get(), &status) == -1) return system_fault();
  if (kind == FileKind::Regular && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
    return tl::unexpected<std::string>("it is not a regular file");
  }
  FileContent content;
  content.id = {status.st_dev, status.st_ino};
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
  return !has_nul(path) && stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

tl::expected<std::vector<std::string>, std::string> list_config_files(const std::string& path) {
  std::vector<std::string> names;
  std::error_code fault;
  std::filesystem::directory_iterator entry(path, fault);
  for (; !fault && entry != std::filesystem::directory_iterator(); entry.increment(fault)) {
    std::string name = entry->path().filename().string();
    if (name.starts_with('.') || !name.ends_with(kConfigEnding)) continue;
    if (!is_directory(entry->path().string())) names.push_back(std::move(name));
  }
  if (fault) return tl::unexpected<std::string>(fault.message());
  std::sort(names.begin(), names.end());
  return names;
}

std::string directory_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {};
  return std::string(path.substr(0, std::max<std::size_t>(slash, 1)));
}

std::string join(std::string_view directory, std::string_view path) {
  if (directory.empty() || path.starts_with('/')) return std::string(path);
  return fmt::format("{}{}{}", directory, directory.ends_with('/') ? "" : "/", path);
}

}  // namespace prox::config
