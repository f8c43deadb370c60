#pragma once

#include <arpa/inet.h>

#include <cctype>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "support.h"

namespace prox::test {

// A DNS server (RFC 1035) for tests, on loopback and on the loop of whoever asks. Knows what it is told, with IPv4 addresses only;
// everything else does not exist.
class FakeDns {
 public:
  struct Answer {
    std::vector<std::string> addresses;
    bool is_silent = false;
    int rcode = 0;
    std::uint32_t ttl = 60;
  };

  explicit FakeDns(net::Loop& loop)
      : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    REQUIRE(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), length) == 0);
    REQUIRE(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
    servers_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    REQUIRE(event_.add(
        loop, socket_.get(), EV_READ | EV_PERSIST,
        [](int, short, void* self) { static_cast<FakeDns*>(self)->answer_all(); }, this));
  }

  // For Resolver.
  const char* servers() const { return servers_.c_str(); }
  std::map<std::string, Answer> names;
  // How often a name was asked for; each lookup asks for IPv4 and IPv6.
  std::map<std::string, int> asked;

 private:
  static constexpr std::size_t kHeader = 12;

  void answer_all() {
    std::uint8_t query[512];
    sockaddr_in from{};
    socklen_t length = sizeof from;
    for (;;) {
      const ssize_t n = ::recvfrom(socket_.get(), query, sizeof query, 0,
                                   reinterpret_cast<sockaddr*>(&from), &length);
      if (n < static_cast<ssize_t>(kHeader)) return;
      const std::string reply =
          answer_to(std::string(reinterpret_cast<char*>(query), static_cast<std::size_t>(n)));
      if (!reply.empty())
        ::sendto(socket_.get(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from),
                 length);
    }
  }

  std::string answer_to(const std::string& query) {
    std::string name;
    std::size_t at = kHeader;
    while (at < query.size() && query[at] != 0) {
      if (!name.empty()) name += '.';
      const std::size_t label = static_cast<unsigned char>(query[at]);
      for (std::size_t i = 1; i <= label; ++i)
        name += static_cast<char>(std::tolower(static_cast<unsigned char>(query.at(at + i))));
      at += label + 1;
    }
    const bool wants_v4 = query.at(at + 2) == 1;
    const std::string question = query.substr(kHeader, at + 5 - kHeader);
    ++asked[name];
    const auto known = names.find(name);
    const Answer answer = known != names.end() ? known->second : Answer{{}, false, 3, 60};
    if (answer.is_silent) return {};
    const std::size_t count = wants_v4 ? answer.addresses.size() : 0;
    std::string reply = query.substr(0, 2);
    reply += '\x81';
    reply += static_cast<char>(0x80 | answer.rcode);
    reply += std::string("\0\1\0", 3) + static_cast<char>(count) + std::string(4, '\0') + question;
    for (std::size_t i = 0; i < count; ++i) reply += record(answer.addresses[i], answer.ttl);
    return reply;
  }

  static std::string record(const std::string& ip, std::uint32_t ttl) {
    in_addr address{};
    REQUIRE(::inet_pton(AF_INET, ip.c_str(), &address) == 1);
    const std::uint32_t seconds = htonl(ttl);
    std::string made("\xc0\x0c\0\1\0\1", 6);
    made.append(reinterpret_cast<const char*>(&seconds), 4);
    made.append("\0\4", 2);
    made.append(reinterpret_cast<const char*>(&address), 4);
    return made;
  }

  Fd socket_;
  net::Event event_;
  std::string servers_;
};

}  // namespace prox::test
