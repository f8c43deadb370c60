#include "master/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace prox::master {

namespace {

base::Fd open_socket() {
  return base::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// EAGAIN: somebody listens, and the queue is full.
bool is_answered(const sockaddr_un& address) {
  const base::Fd probe = open_socket();
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
         errno == EAGAIN;
}

}  // namespace

tl::expected<UnixSocket, int> UnixSocket::bind(const std::string& path, mode_t mask) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return tl::unexpected<int>{ENAMETOOLONG};
  std::memcpy(address.sun_path, path.data(), path.size());

  UnixSocket socket;
  socket.fd_ = open_socket();
  if (!socket.fd_) return tl::unexpected<int>{errno};
  struct stat found {};
  if (::lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode) && !is_answered(address))
    ::unlink(path.c_str());
  const mode_t before = ::umask(mask);
  const int status =
      ::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  ::umask(before);
  if (status == -1) return tl::unexpected<int>{error};
  if (::lstat(path.c_str(), &found) == 0) {
    socket.path_ = path;
    socket.device_ = found.st_dev;
    socket.inode_ = found.st_ino;
  }
  return socket;
}

UnixSocket& UnixSocket::operator=(UnixSocket&& other) noexcept {
  if (this == &other) return *this;
  remove_path();
  path_ = std::exchange(other.path_, {});
  device_ = other.device_;
  inode_ = other.inode_;
  fd_ = std::move(other.fd_);
  return *this;
}

void UnixSocket::remove_path() {
  const std::string path = std::exchange(path_, {});
  struct stat found {};
  if (path.empty() || ::lstat(path.c_str(), &found) == -1) return;
  if (found.st_dev == device_ && found.st_ino == inode_) ::unlink(path.c_str());
}

}  // namespace prox::master
