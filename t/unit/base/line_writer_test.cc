#include "prox/base/line_writer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>

#include "catch.h"
#include "prox/base/fd.h"

using prox::base::Fd;
using prox::base::LineWriter;

namespace {

// A file without a name, open to append.
Fd file() { return Fd(::open("/tmp", O_TMPFILE | O_RDWR | O_APPEND | O_CLOEXEC, 0600)); }

std::string content(const Fd& fd) {
  std::string text(1 << 20, '\0');
  const ssize_t n = ::pread(fd.get(), text.data(), text.size(), 0);
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

struct Pipe {
  explicit Pipe(int flags = 0) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC | flags) == 0);
    out = Fd(ends[0]);
    in = Fd(ends[1]);
    REQUIRE(::fcntl(out.get(), F_SETFL, O_NONBLOCK) == 0);
  }
  std::string read_all() const {
    std::string text;
    char buffer[65536];
    for (ssize_t n = 0; (n = ::read(out.get(), buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<std::size_t>(n));
    return text;
  }
  Fd out;
  Fd in;
};

// No file of this process grows beyond it, as on a disk that is full.
class FileLimit {
 public:
  explicit FileLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("lines are gathered, and leave together") {
  const Fd fd = file();
  LineWriter writer(fd.get());
  CHECK(writer.empty());
  writer.add("one\n");
  writer.add("two\n");
  CHECK(content(fd).empty());
  CHECK_FALSE(writer.empty());
  writer.flush();
  CHECK(writer.empty());
  CHECK(content(fd) == "one\ntwo\n");
  CHECK(writer.lost_lines() == 0);
}

TEST_CASE("a batch leaves by itself before it grows too large, cut at a line's end") {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const Fd out(ends[0]), in(ends[1]);
  LineWriter writer(in.get());
  const std::string line = std::string(999, 'x') + "\n";
  for (int i = 0; i < 70; ++i) writer.add(line);
  std::string batch(1 << 17, '\0');
  const ssize_t n = ::recv(out.get(), batch.data(), batch.size(), 0);
  CHECK(n == 65'000);
  CHECK(::recv(out.get(), batch.data(), batch.size(), 0) == -1);
  writer.flush();
  CHECK(::recv(out.get(), batch.data(), batch.size(), 0) == 5'000);
}

TEST_CASE("a line longer than a batch is written whole, and its memory is not kept") {
  const Fd fd = file();
  LineWriter writer(fd.get());
  const std::string huge = std::string(200'000, 'h') + "\n";
  writer.add("before\n");
  writer.add(huge);
  writer.add("behind\n");
  writer.flush();
  CHECK(content(fd) == "before\n" + huge + "behind\n");
}

TEST_CASE("on a full disk lines are lost whole and counted; the one that was cut is ended later") {
  const Fd fd = file();
  LineWriter writer(fd.get());
  writer.add("one\n");
  writer.add("two\n");
  writer.add("three\n");
  {
    const FileLimit limit(6);
    writer.flush();
  }
  CHECK(content(fd) == "one\ntw");
  CHECK(writer.lost_lines() == 2);
  CHECK(writer.empty());
  writer.add("four\n");
  {
    const FileLimit limit(6);
    writer.flush();
  }
  CHECK(writer.lost_lines() == 3);
  CHECK(writer.last_errno() == EFBIG);
  writer.add("five\n");
  writer.flush();
  writer.add("six\n");
  writer.flush();
  CHECK(content(fd) == "one\ntw\nfive\nsix\n");
  CHECK(writer.lost_lines() == 3);
}

TEST_CASE(
    "a pipe that nobody reads never makes us wait, whoever opened it, and never splits a line") {
  for (const int flags : {0, O_NONBLOCK}) {
    const Pipe pipe(flags);
    LineWriter writer(pipe.in.get());
    const std::string line = std::string(699, 'x') + "\n";
    int added = 0;
    for (; writer.lost_lines() == 0; ++added) {
      REQUIRE(added < 1000);
      writer.add(line);
      if (added % 10 == 0) writer.flush();
    }
    const std::string got = pipe.read_all();
    CHECK(got.size() % line.size() == 0);
    CHECK(got.size() / line.size() + writer.lost_lines() == static_cast<std::size_t>(added));
    const std::uint64_t lost = writer.lost_lines();
    writer.add("again\n");
    writer.flush();
    CHECK(pipe.read_all() == "again\n");
    CHECK(writer.lost_lines() == lost);
  }
}

TEST_CASE("a line that a pipe cannot take at once is lost rather than waited for") {
  const Pipe pipe;
  LineWriter writer(pipe.in.get());
  writer.add(std::string(100'000, 'x') + "\n");
  writer.add("short\n");
  writer.flush();
  CHECK(writer.lost_lines() == 1);
  CHECK(pipe.read_all() == "short\n");
}

TEST_CASE("what was gathered goes to the file before, what comes later to the new one") {
  const Fd before = file();
  const Fd after = file();
  LineWriter writer(before.get());
  writer.add("one\n");
  writer.move_to(after.get());
  writer.add("two\n");
  writer.flush();
  CHECK(content(before) == "one\n");
  CHECK(content(after) == "two\n");
}
