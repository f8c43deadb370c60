#include "prox/ipc/channel.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "catch.h"

using prox::base::Fd;
using prox::ipc::Channel;
using prox::ipc::kMaxText;
using prox::ipc::Message;
using prox::ipc::MessageType;

namespace {

struct Listener final : Channel::Owner {
  void on_message(Channel&, const Message& message, Fd passed) override {
    messages.push_back(message);
    descriptors.push_back(std::move(passed));
  }
  void on_channel_closed(Channel&) override { ++closed; }

  std::vector<Message> messages;
  std::vector<Fd> descriptors;
  int closed = 0;
};

struct Ends {
  prox::net::Loop loop;
  Listener left_owner;
  Listener right_owner;
  std::unique_ptr<Channel> left;
  std::unique_ptr<Channel> right;

  Ends() {
    auto pair = Channel::make_pair();
    REQUIRE(pair);
    left = std::make_unique<Channel>(loop, std::move(pair->first), left_owner);
    right = std::make_unique<Channel>(loop, std::move(pair->second), right_owner);
  }
  void turn() { event_base_loop(loop.base(), EVLOOP_NONBLOCK); }
};

std::string read_all(int fd) {
  std::array<char, 64> buffer{};
  const ssize_t size = ::read(fd, buffer.data(), buffer.size());
  return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : "";
}

// One end is raw, to send what no Channel would.
struct RawEnd {
  prox::net::Loop loop;
  Listener owner;
  Fd raw;
  std::unique_ptr<Channel> channel;

  RawEnd() {
    auto pair = Channel::make_pair();
    REQUIRE(pair);
    raw = std::move(pair->first);
    channel = std::make_unique<Channel>(loop, std::move(pair->second), owner);
  }
};

}  // namespace

TEST_CASE("messages arrive whole and in order, with type, number and text") {
  Ends ends;
  ends.left->send({MessageType::Drain, 15000});
  ends.left->send({MessageType::Release, 7, "3"});
  ends.left->send({MessageType::Failed, UINT64_MAX, std::string("a\0b", 3)});
  ends.turn();
  REQUIRE(ends.right_owner.messages.size() == 3);
  CHECK(ends.right_owner.messages[0].type == MessageType::Drain);
  CHECK(ends.right_owner.messages[0].number == 15000);
  CHECK(ends.right_owner.messages[0].text.empty());
  CHECK(ends.right_owner.messages[1].type == MessageType::Release);
  CHECK(ends.right_owner.messages[1].text == "3");
  CHECK(ends.right_owner.messages[2].number == UINT64_MAX);
  CHECK(ends.right_owner.messages[2].text == std::string("a\0b", 3));
  CHECK(ends.left->is_flushed());
}

TEST_CASE(
    "a descriptor travels with its message, closes on exec, and is closed on the sending side") {
  Ends ends;
  std::array<int, 2> pipe_ends{};
  REQUIRE(::pipe2(pipe_ends.data(), O_CLOEXEC) == 0);
  Fd reader(pipe_ends[0]);
  const int sent_number = pipe_ends[1];
  ends.left->send({MessageType::Accept});
  ends.left->send({MessageType::Adopt, 1, "0"}, Fd(sent_number));
  CHECK(::fcntl(sent_number, F_GETFD) == -1);
  ends.turn();
  REQUIRE(ends.right_owner.descriptors.size() == 2);
  CHECK_FALSE(ends.right_owner.descriptors[0]);
  REQUIRE(ends.right_owner.descriptors[1]);
  const int received = ends.right_owner.descriptors[1].get();
  CHECK((::fcntl(received, F_GETFD) & FD_CLOEXEC) != 0);
  REQUIRE(::write(received, "x", 1) == 1);
  CHECK(read_all(reader.get()) == "x");
  ends.right_owner.descriptors.clear();
  CHECK(read_all(reader.get()).empty());  // end of file: no copy is left anywhere
}

TEST_CASE("what the socket does not take at once is queued and sent later, in order") {
  Ends ends;
  constexpr int kCount = 2000;
  for (int i = 0; i < kCount; ++i)
    ends.left->send({MessageType::HandOver, static_cast<std::uint64_t>(i), std::string(1000, 'x')});
  CHECK_FALSE(ends.left->is_flushed());
  for (int turns = 0; turns < kCount && ends.right_owner.messages.size() < kCount; ++turns)
    ends.turn();
  REQUIRE(ends.right_owner.messages.size() == kCount);
  for (int i = 0; i < kCount; ++i)
    REQUIRE(ends.right_owner.messages[static_cast<std::size_t>(i)].number ==
            static_cast<std::uint64_t>(i));
  CHECK(ends.left->is_flushed());
}

TEST_CASE("text above the limit is cut") {
  Ends ends;
  ends.left->send({MessageType::Failed, 0, std::string(kMaxText + 1, 'x')});
  ends.turn();
  REQUIRE(ends.right_owner.messages.size() == 1);
  CHECK(ends.right_owner.messages[0].text.size() == kMaxText);
}

TEST_CASE("the owner is told once that the other end is gone, after its last words") {
  Ends ends;
  ends.left->send({MessageType::Failed, 0, "why"});
  ends.left.reset();
  // A send that fails must not swallow what is still unread.
  ends.right->send({MessageType::Stop});
  ends.turn();
  ends.turn();
  REQUIRE(ends.right_owner.messages.size() == 1);
  CHECK(ends.right_owner.messages[0].text == "why");
  CHECK(ends.right_owner.closed == 1);
  ends.right->send({MessageType::Stop});
  CHECK(ends.right->is_flushed());
}

TEST_CASE("read_messages takes in what has come without the loop") {
  Ends ends;
  ends.left->send({MessageType::Ready});
  ends.right->read_messages();
  CHECK(ends.right_owner.messages.size() == 1);
}

TEST_CASE("the channel closes on what is no message") {
  const auto [name, bytes] = GENERATE(table<std::string, std::string>({
      {"shorter than a header", std::string(3, '\0')},
      {"unknown type", std::string("\xff\xff", 2) + std::string(14, '\0')},
      {"longer than any message", std::string(16 + kMaxText + 1, '\0')},
  }));
  CAPTURE(name);
  RawEnd end;
  REQUIRE(::send(end.raw.get(), bytes.data(), bytes.size(), 0) ==
          static_cast<ssize_t>(bytes.size()));
  end.channel->read_messages();
  CHECK(end.owner.closed == 1);
  CHECK(end.owner.messages.empty());
}

TEST_CASE("the channel closes on two descriptors in one message, and leaks neither") {
  RawEnd end;
  std::array<int, 2> pipe_ends{};
  REQUIRE(::pipe2(pipe_ends.data(), O_CLOEXEC) == 0);
  Fd reader(pipe_ends[0]);
  Fd writer(pipe_ends[1]);
  std::array<char, 16> zeros{};
  iovec part{zeros.data(), zeros.size()};
  const std::array<int, 2> both = {writer.get(), writer.get()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof both)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof both);
  std::memcpy(CMSG_DATA(header), both.data(), sizeof both);
  REQUIRE(::sendmsg(end.raw.get(), &message, 0) == 16);
  end.channel->read_messages();
  CHECK(end.owner.closed == 1);
  writer.reset();
  CHECK(read_all(reader.get()).empty());
}
