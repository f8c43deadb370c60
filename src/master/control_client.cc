#include "prox/master/control_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "prox/base/fd.h"
#include "prox/base/json.h"

namespace prox::master {

namespace {

tl::unexpected<ControlFailure> failed(bool is_unreachable, std::string why) {
  return tl::unexpected<ControlFailure>{ControlFailure{is_unreachable, std::move(why)}};
}

tl::expected<base::Fd, ControlFailure> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return failed(true, std::strerror(ENAMETOOLONG));
  std::memcpy(address.sun_path, path.data(), path.size());
  base::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return socket;
  return failed(errno == ENOENT || errno == ECONNREFUSED,
                fmt::format("{}: {}", path, std::strerror(errno)));
}

}  // namespace

tl::expected<std::string, ControlFailure> ask_master(const std::string& socket_path,
                                                     std::string_view command,
                                                     std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  const auto socket = connect_to(socket_path);
  if (!socket) return tl::unexpected<ControlFailure>{socket.error()};
  const std::string request = base::Json{{"command", command}}.dump() + "\n";
  if (::send(socket->get(), request.data(), request.size(), MSG_NOSIGNAL) == -1)
    return failed(false, std::strerror(errno));

  std::string answer;
  while (answer.find('\n') == std::string::npos) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting{socket->get(), POLLIN, 0};
    const int ready = left.count() <= 0 ? 0 : ::poll(&waiting, 1, static_cast<int>(left.count()));
    if (ready == 0) return failed(false, "no answer in time");
    std::array<char, 16384> buffer;
    const ssize_t size = ready == -1 ? -1 : ::recv(socket->get(), buffer.data(), buffer.size(), 0);
    if (size == -1 && errno == EINTR) continue;
    if (size <= 0) return failed(false, "the running prox ended without an answer");
    answer.append(buffer.data(), static_cast<std::size_t>(size));
  }
  answer.resize(answer.find('\n'));
  return answer;
}

}  // namespace prox::master
