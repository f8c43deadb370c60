#include "prox/base/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "catch.h"
#include "prox/base/fd.h"

namespace logs = prox::base::log;
using prox::base::Fd;

namespace {

// Puts another descriptor in the place of stderr.
class StderrTo {
 public:
  explicit StderrTo(int fd) : saved_(::dup(STDERR_FILENO)) { ::dup2(fd, STDERR_FILENO); }
  ~StderrTo() { ::dup2(saved_.get(), STDERR_FILENO); }

 private:
  Fd saved_;
};

// Collects the log line by line: over a datagram socket, each write(2) is one datagram.
class Lines {
 public:
  Lines() {
    std::array<int, 2> fds{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
    reader_ = Fd(fds[0]);
    writer_ = Fd(fds[1]);
  }
  // The writes while `act` ran.
  template <typename Act>
  std::vector<std::string> of(Act act) {
    {
      const StderrTo here(writer_.get());
      act();
    }
    std::vector<std::string> lines;
    char buffer[8192];
    for (ssize_t n = 0; (n = ::recv(reader_.get(), buffer, sizeof buffer, 0)) >= 0;)
      lines.emplace_back(buffer, static_cast<std::size_t>(n));
    return lines;
  }
  // The one line that `act` writes, without its time.
  template <typename Act>
  std::string line(Act act) {
    const std::vector<std::string> lines = of(act);
    REQUIRE(lines.size() == 1);
    REQUIRE(lines[0].size() > 9);
    return lines[0].substr(9);
  }
  int writer() const { return writer_.get(); }

 private:
  Fd reader_;
  Fd writer_;
};

struct AtLevel {
  explicit AtLevel(logs::Level level) : saved(logs::level()) { logs::set_level(level); }
  ~AtLevel() { logs::set_level(saved); }
  logs::Level saved;
};

}  // namespace

TEST_CASE("a log line is time, level, message and attributes, in one write") {
  const AtLevel at(logs::Level::Debug);
  Lines lines;
  const auto written = lines.of([] {
    logs::info("ready", {{"workers", 2}, {"config", "prox.json5"}, {"tls", false}});
  });
  REQUIRE(written.size() == 1);
  const std::string& line = written[0];
  REQUIRE(line.size() > 9);
  for (const std::size_t digit : {0, 1, 3, 4, 6, 7})
    CHECK((line[digit] >= '0' && line[digit] <= '9'));
  CHECK(line[2] == ':');
  CHECK(line[5] == ':');
  CHECK(line.substr(8) == " INF ready workers=2 config=prox.json5 tls=false\n");
}

TEST_CASE("each level has its word") {
  const AtLevel at(logs::Level::Debug);
  Lines lines;
  CHECK(lines.line([] { logs::debug("m"); }) == "DBG m pid=" + std::to_string(::getpid()) + "\n");
  CHECK(lines.line([] { logs::info("m"); }) == "INF m\n");
  CHECK(lines.line([] { logs::warn("m"); }) == "WRN m\n");
  CHECK(lines.line([] { logs::error("m"); }) == "ERR m\n");
}

TEST_CASE("lines below the level are not written") {
  const AtLevel at(logs::Level::Warn);
  CHECK(logs::level() == logs::Level::Warn);
  CHECK_FALSE(logs::enabled(logs::Level::Info));
  CHECK(logs::enabled(logs::Level::Warn));
  Lines lines;
  const auto written = lines.of([] {
    logs::debug("no");
    logs::info("no");
    logs::warn("yes");
    logs::error("yes");
  });
  CHECK(written.size() == 2);
}

TEST_CASE(
    "untrusted values are quoted and escaped: no value ends a line, adds a key or reaches the "
    "terminal") {
  const AtLevel at(logs::Level::Debug);
  Lines lines;
  struct Case {
    std::string value;
    std::string written;
  };
  const std::vector<Case> cases = {
      {"plain", "plain"},
      {"/a?b", "/a?b"},
      {"", "\"\""},
      {"two words", "\"two words\""},
      {"a=b", "\"a=b\""},
      {"say \"hi\"", "\"say \\\"hi\\\"\""},
      {"back\\slash", "\"back\\\\slash\""},
      {"a\nERR forged", "\"a\\nERR forged\""},
      {"a\r\n\tb", "\"a\\r\\n\\tb\""},
      {"\x1b[31m", "\"\\x1b[31m\""},
      {"\u009b31m", "\"\\xc2\\x9b31m\""},
      {"a\u00a3", "\"a\u00a3\""},
      {std::string("nul\0", 4), "\"nul\\x00\""},
      {"del\x7f", "\"del\\x7f\""},
      {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.value);
    CHECK(lines.line([&] { logs::info("m", {{"k", c.value}}); }) == "INF m k=" + c.written + "\n");
  }
}

TEST_CASE("a message with control characters stays one line") {
  const AtLevel at(logs::Level::Debug);
  Lines lines;
  CHECK(lines.line([] { logs::info("a\nb\x1b[2J"); }) == "INF a\\nb\\x1b[2J\n");
}

TEST_CASE("numbers are written whole, negative ones and large ones too") {
  const AtLevel at(logs::Level::Debug);
  Lines lines;
  CHECK(lines.line([] {
    logs::info("m", {{"n", -5}, {"big", INT64_MAX}});
  }) == "INF m n=-5 big=9223372036854775807\n");
}

TEST_CASE("a line that cannot be written is dropped and counted, and nobody waits") {
  const AtLevel at(logs::Level::Debug);
  std::array<int, 2> fds{};
  REQUIRE(::pipe2(fds.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  const Fd reader(fds[0]);
  const Fd writer(fds[1]);
  const std::string full(65536, 'x');
  while (::write(writer.get(), full.data(), full.size()) > 0) {
  }
  const std::uint64_t before = logs::lost_lines();
  {
    const StderrTo here(writer.get());
    logs::info("lost");
    logs::info("lost, too");
  }
  CHECK(logs::lost_lines() == before + 2);
}

TEST_CASE("colours appear on a terminal only, and not with NO_COLOR") {
  const AtLevel at(logs::Level::Debug);
  const Fd terminal(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!terminal || ::grantpt(terminal.get()) != 0 || ::unlockpt(terminal.get()) != 0) {
    WARN("no pseudo-terminal here");
    return;
  }
  const Fd writer(::open(::ptsname(terminal.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  REQUIRE(writer);
  const auto shown = [&] {
    {
      const StderrTo here(writer.get());
      logs::error("m", {{"k", "v"}});
    }
    char buffer[512];
    const ssize_t n = ::read(terminal.get(), buffer, sizeof buffer);
    return std::string(buffer, n > 0 ? static_cast<std::size_t>(n) : 0);
  };
  const char* set_outside = ::getenv("NO_COLOR");
  const std::string saved = set_outside != nullptr ? set_outside : "";
  ::unsetenv("NO_COLOR");
  CHECK(shown().find("\x1b[") != std::string::npos);
  ::setenv("NO_COLOR", "1", 1);
  const std::string plain = shown();
  CHECK(plain.find("ERR m k=v") != std::string::npos);
  CHECK(plain.find('\x1b') == std::string::npos);
  if (set_outside != nullptr) {
    ::setenv("NO_COLOR", saved.c_str(), 1);
  } else {
    ::unsetenv("NO_COLOR");
  }
}

TEST_CASE("what the data path repeats is held back, and the number of lines held back is told") {
  const AtLevel at(logs::Level::Info);
  Lines lines;
  logs::RateLimit limit;
  std::vector<std::string> written;
  std::size_t calls = 0;
  // The limit counts within seconds of the clock, so at most one second passes until the next one begins. Each call is taken
  // alone, so that the socket never runs full.
  const auto call = [&] {
    ++calls;
    for (std::string& line : lines.of([&] { limit.write(logs::Level::Warn, "again", {{"n", 1}}); }))
      written.push_back(std::move(line));
  };
  for (int i = 0; i < 25; ++i) call();
  const std::size_t first = written.size();
  CHECK(first >= 10);
  CHECK(first <= 22);  // two seconds at most, with what tells of the first
  const auto tells = [](const std::string& line) {
    return line.find("suppressed=") != std::string::npos;
  };
  while (written.empty() || !tells(written.back())) {
    REQUIRE(calls < 100'000'000);
    call();
  }
  std::size_t held_back = 0;
  std::size_t passed = 0;
  for (const std::string& line : written) {
    if (line.find(" again ") != std::string::npos) ++passed;
    if (const std::size_t at_number = line.find("suppressed="); at_number != std::string::npos)
      held_back += std::stoul(line.substr(at_number + 11));
  }
  CHECK(held_back + passed == calls);
}

TEST_CASE("a rate limit below the level neither writes nor counts") {
  const AtLevel at(logs::Level::Error);
  Lines lines;
  logs::RateLimit limit;
  CHECK(lines
            .of([&] {
              for (int i = 0; i < 100; ++i) limit.write(logs::Level::Warn, "again", {});
            })
            .empty());
}

TEST_CASE("levels are named as in the config, in any case") {
  CHECK(logs::parse_level("debug") == logs::Level::Debug);
  CHECK(logs::parse_level("Info") == logs::Level::Info);
  CHECK(logs::parse_level("WARN") == logs::Level::Warn);
  CHECK(logs::parse_level("warning") == logs::Level::Warn);
  CHECK(logs::parse_level("eRRor") == logs::Level::Error);
  CHECK_FALSE(logs::parse_level(""));
  CHECK_FALSE(logs::parse_level("verbose"));
  CHECK_FALSE(logs::parse_level("info "));
}
