#include "prox/tls/transport.h"

#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "catch.h"
#include "prox/tls/client_context.h"
#include "prox/tls/server_context.h"
#include "support.h"
#include "tls/pair.h"

namespace tls = prox::tls;
using prox::base::Errc;
using prox::test::KeyKind;
using Handshake = prox::net::Transport::Handshake;
using Pending = prox::net::Transport::Pending;

namespace {

// A server and a client of it on two connected sockets, and the contexts they stand on.
struct Ends {
  explicit Ends(tls::ServerOptions options = {}) {
    std::vector<tls::OptionProblem> problems;
    std::vector<tls::Certificate> certificates;
    certificates.push_back(prox::test::make_certificate("DNS:a.test"));
    options.service = "web";
    server_context = tls::ServerContext::make(options, std::move(certificates), *keys, problems);
    tls::ClientOptions client_options;
    client_options.insecure_skip_verify = true;
    client_options.alpn = {"x", "http/1.1"};
    client_context = tls::ClientContext::make(client_options, problems);
    REQUIRE(problems.empty());
    connect();
  }

  void connect() {
    auto [near, far] = prox::test::tcp_pair();
    for (const int fd : {near.get(), far.get()}) {
      prox::test::set_non_blocking(fd);
      const int on = 1;  // what is written is there at once
      REQUIRE(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    }
    client = std::make_unique<tls::Transport>(
        client_context->new_connection("a.test", "http/1.1", session), std::move(near), blocks);
    server =
        std::make_unique<tls::Transport>(server_context->new_connection(), std::move(far), blocks);
  }

  bool shake_hands() {
    for (int i = 0; i < 100; ++i) {
      const auto there = client->handshake();
      const auto here = server->handshake();
      REQUIRE(there);
      REQUIRE(here);
      if (*there == Handshake::Done && *here == Handshake::Done) return true;
    }
    return false;
  }

  prox::base::Result<prox::tls::TicketKeys> keys = tls::TicketKeys::map();
  prox::base::BlockPool blocks;  // aborts if one is leaked
  std::unique_ptr<tls::ServerContext> server_context;
  std::unique_ptr<tls::ClientContext> client_context;
  tls::SessionPtr session;
  std::unique_ptr<tls::Transport> client;
  std::unique_ptr<tls::Transport> server;
};

std::size_t write(tls::Transport& to, std::string_view text) {
  const iovec vector{const_cast<char*>(text.data()), text.size()};
  const auto n = to.write(&vector, 1);
  REQUIRE(n);
  return *n;
}

// What comes until nothing is left, at most `room` bytes a call.
std::string read_all(tls::Transport& from, std::size_t room = 4096) {
  std::string got;
  std::string piece(room, '\0');
  for (;;) {
    const auto n = from.read(piece.data(), room);
    REQUIRE(n);
    got.append(piece, 0, *n);
    if (*n < room && !from.has_pending()) return got;
  }
}

Errc read_error(tls::Transport& from) {
  char byte;
  const auto n = from.read(&byte, 1);
  REQUIRE_FALSE(n);
  return n.error().code;
}

}  // namespace

TEST_CASE("hands are shaken, and what was agreed on is known") {
  tls::ServerOptions options;
  options.alpn = {"http/1.1"};
  Ends ends(options);
  REQUIRE(ends.shake_hands());
  CHECK(ends.server->sni() == "a.test");
  CHECK(ends.server->alpn() == "http/1.1");
  CHECK(ends.client->alpn() == "http/1.1");
  CHECK_FALSE(ends.server->is_resumed());
  CHECK(ends.server->peer_subject().empty());
  CHECK(ends.client->peer_subject() == "CN=test");
  CHECK(ends.client->peer_fingerprint().size() == 64);
}

TEST_CASE("bytes go both ways, of every size and however they lie") {
  Ends ends;
  REQUIRE(ends.shake_hands());
  for (const std::size_t size : {1, 4095, 4096, 16384, 16385, 40000}) {
    const std::string text(size, 'x');
    CHECK(write(*ends.client, text) == size);
    CHECK(read_all(*ends.server, 1000) == text);
    CHECK(write(*ends.server, text) == size);
    CHECK(read_all(*ends.client) == text);
  }
  // Short runs are put together in one record, long ones go by themselves.
  std::vector<std::string> runs = {"a", std::string(3000, 'b'),  std::string(5000, 'c'),
                                   "d", std::string(20000, 'e'), "f"};
  std::vector<iovec> vectors;
  std::string all;
  for (std::string& run : runs) {
    vectors.push_back({run.data(), run.size()});
    all += run;
  }
  const auto n = ends.server->write(vectors.data(), static_cast<int>(vectors.size()));
  REQUIRE(n);
  CHECK(*n == all.size());
  CHECK(read_all(*ends.client) == all);
}

TEST_CASE("what was told in time is had together: one record, one read") {
  Ends ends;
  REQUIRE(ends.shake_hands());
  char buffer[100];
  CHECK(*ends.server->read(buffer, sizeof buffer) == 0);
  CHECK_FALSE(ends.server->has_pending());
  write(*ends.client, "one");
  write(*ends.client, "two");
  CHECK(*ends.server->read(buffer, sizeof buffer) == 6);
  CHECK_FALSE(ends.server->has_pending());
}

TEST_CASE("bytes that do not fit are pending, and no event is needed for them") {
  Ends ends;
  REQUIRE(ends.shake_hands());
  write(*ends.client, "abcdef");
  char buffer[4];
  CHECK(*ends.server->read(buffer, 4) == 4);
  CHECK(ends.server->has_pending());
  CHECK(*ends.server->read(buffer, 4) == 2);
  CHECK_FALSE(ends.server->has_pending());
}

TEST_CASE("a peer that does not read stops the writer, and nothing is lost or sent twice") {
  Ends ends;
  REQUIRE(ends.shake_hands());
  std::string text;
  for (int i = 0; text.size() < 8u << 20; ++i) text += std::to_string(i) + ",";
  std::string_view rest = text;
  std::string got;
  bool was_stopped = false;
  while (!rest.empty()) {
    const std::size_t offered = std::min<std::size_t>(rest.size(), 100'000);
    const std::size_t n = write(*ends.server, rest.substr(0, offered));
    rest.remove_prefix(n);
    if (n == offered) continue;
    was_stopped = true;
    // At most a batch of 64 KiB and the record that goes over it is encrypted and not sent.
    CHECK(ends.blocks.in_use() <= 4);
    got += read_all(*ends.client, 50'000);
  }
  for (int i = 0; got.size() < text.size() && i < 100'000; ++i) got += read_all(*ends.client);
  CHECK(was_stopped);
  CHECK((got == text));  // not to be printed
  CHECK(ends.blocks.in_use() == 0);
}

TEST_CASE("an end that is announced is an end on both sides; the other direction goes on") {
  Ends ends;
  REQUIRE(ends.shake_hands());
  write(*ends.client, "last");
  ends.client->shut_down_writes();
  char buffer[10];
  CHECK(*ends.server->read(buffer, sizeof buffer) == 4);
  CHECK(ends.server->has_pending());
  CHECK(read_error(*ends.server) == Errc::PeerClosed);
  CHECK(ends.server->peek() == Pending::End);
  CHECK(write(*ends.server, "answer") == 6);
  CHECK(read_all(*ends.client) == "answer");
  ends.server->finish();
  CHECK(read_error(*ends.client) == Errc::PeerClosed);
}

TEST_CASE(
    "an end that is not announced cuts off what a client reads, and ends what a server reads") {
  Ends ends;
  REQUIRE(ends.shake_hands());
  ::shutdown(ends.server->fd(), SHUT_WR);
  CHECK(read_error(*ends.client) == Errc::PeerReset);
  ends.connect();
  REQUIRE(ends.shake_hands());
  ::shutdown(ends.client->fd(), SHUT_WR);
  CHECK(read_error(*ends.server) == Errc::PeerClosed);
  CHECK(write(*ends.server, "answer") == 6);
}

TEST_CASE("an end behind what is no data is seen in the same read") {
  Ends ends;
  REQUIRE(ends.shake_hands());
  // The server's tickets are unread, and behind them is the end.
  ends.server->shut_down_writes();
  CHECK(read_error(*ends.client) == Errc::PeerClosed);
  ends.connect();
  REQUIRE(ends.shake_hands());
  ::shutdown(ends.server->fd(), SHUT_WR);
  CHECK(read_error(*ends.client) == Errc::PeerReset);
}

TEST_CASE("a record that was tampered with is an error with a reason") {
  Ends ends;
  REQUIRE(ends.shake_hands());
  const std::string record("\x17\x03\x03\x00\x20", 5);
  REQUIRE(::send(ends.client->fd(), (record + std::string(32, 'x')).data(), 37, 0) == 37);
  char byte;
  const auto n = ends.server->read(&byte, 1);
  REQUIRE_FALSE(n);
  CHECK(n.error().code == Errc::TlsFailed);
  CHECK(n.error().reason == "decryption failed or bad record mac");
}

TEST_CASE("a flood of key updates ends the connection, a few do not") {
  Ends ends;
  const tls::SslPtr client =
      ends.client_context->new_connection("a.test", "http/1.1", ends.session);
  SSL_set_fd(client.get(), ends.client->fd());
  for (int i = 0; i < 10; ++i) {
    SSL_do_handshake(client.get());
    REQUIRE(ends.server->handshake());
  }
  REQUIRE(SSL_is_init_finished(client.get()) == 1);
  int updates = 0;
  for (bool failed = false; !failed; ++updates) {
    REQUIRE(updates < 5'000);
    REQUIRE(SSL_key_update(client.get(), SSL_KEY_UPDATE_REQUESTED) == 1);
    REQUIRE(SSL_write(client.get(), "x", 1) == 1);
    char buffer[10];
    const auto n = ends.server->read(buffer, sizeof buffer);
    failed = !n;
    if (failed) CHECK(n.error().reason == "too many key updates");
  }
  CHECK(updates > 100);
}

TEST_CASE("sessions are resumed, also under the key before") {
  Ends ends;
  for (int i = 0; i < 4; ++i) {
    REQUIRE(ends.shake_hands());
    CHECK(ends.server->is_resumed() == (i > 0));
    read_all(*ends.client);  // the tickets
    REQUIRE(ends.keys->rotate());
    ends.connect();
  }
  for (int i = 0; i < 3; ++i) REQUIRE(ends.keys->rotate());
  REQUIRE(ends.shake_hands());
  CHECK_FALSE(ends.server->is_resumed());
}

TEST_CASE("a first byte that begins no record is no TLS; a capital letter may be HTTP") {
  for (const char* begin : {"G", "z", "\x80"}) {
    Ends ends;
    REQUIRE(::send(ends.client->fd(), begin, 1, 0) == 1);
    const auto step = ends.server->handshake();
    REQUIRE_FALSE(step);
    CHECK(step.error().code == Errc::TlsFailed);
    CHECK(ends.server->is_not_tls());
    CHECK(ends.server->got_plain_http() == (*begin == 'G'));
    CHECK(ends.server->abandon().get() >= 0);
  }
}

TEST_CASE("a transport's descriptor alone is not to be had") {
  Ends ends;
  REQUIRE(ends.shake_hands());
  CHECK_FALSE(ends.server->release());
}
