#include "prox/tls/transport.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>

#include "prox/base/assert.h"
#include "tls/text.h"

namespace prox::tls {

namespace {

using base::Errc;
using base::Side;

// Two full records of this size, with 5 bytes of header and at most 17 + 16 of nonce, type and tag each, fill a large block.
constexpr std::size_t kMostPlain = (base::BlockPool::kLarge / 2) - 64;
constexpr std::size_t kBatch = 64 * 1024;  // encrypted before it is sent
// A run of this size is worth a record of its own; smaller ones are put together first.
constexpr std::size_t kLongRun = 4096;
constexpr int kMaxVectors = 16;
// KeyUpdate and what else a peer may send after the handshake costs us more than it; honest ones send a handful (RFC 8446 §4.6.3).
constexpr std::uint32_t kMostLateMessages = 1000;

// One of a batch's plaintext runs after the other, from an offset on.
class Cursor {
 public:
  Cursor(const iovec* vectors, int count, std::size_t skip)
      : next_(vectors), end_(vectors + count) {
    while (next_ != end_ && skip >= next_->iov_len) skip -= (next_++)->iov_len;
    offset_ = skip;
  }
  bool is_at_end() const { return next_ == end_; }
  std::size_t run() const { return next_->iov_len - offset_; }
  const char* data() const { return static_cast<const char*>(next_->iov_base) + offset_; }
  void advance(std::size_t bytes) {
    offset_ += bytes;
    if (offset_ < next_->iov_len) return;
    ++next_;
    offset_ = 0;
  }

 private:
  const iovec* next_;
  const iovec* end_;
  std::size_t offset_ = 0;
};

// The plaintext of the next record: where it lies if the run is long, else short runs put together in `scratch`.
base::Slice next_record(Cursor& cursor, std::array<char, kMostPlain>& scratch) {
  if (cursor.run() >= kLongRun) {
    const base::Slice record(cursor.data(), std::min(cursor.run(), kMostPlain));
    cursor.advance(record.size());
    return record;
  }
  const char* only = cursor.data();
  std::size_t size = cursor.run();
  cursor.advance(size);
  if (cursor.is_at_end() || cursor.run() >= kLongRun) return {only, size};
  std::memcpy(scratch.data(), only, size);
  while (!cursor.is_at_end() && cursor.run() < kLongRun && size < scratch.size()) {
    const std::size_t part = std::min(cursor.run(), scratch.size() - size);
    std::memcpy(scratch.data() + size, cursor.data(), part);
    cursor.advance(part);
    size += part;
  }
  return {scratch.data(), size};
}

}  // namespace

// What OpenSSL calls to reach the socket.
struct BioCalls {
  static Transport& transport(BIO* bio) { return *static_cast<Transport*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* into, std::size_t room, std::size_t* got) noexcept {
    BIO_clear_retry_flags(bio);
    if (transport(bio).receive(into, room, *got)) return 1;
    if (transport(bio).drained_) BIO_set_retry_read(bio);
    return 0;
  }
  static int write(BIO* bio, const char* bytes, std::size_t size, std::size_t* taken) noexcept {
    transport(bio).ciphertext_.append_copy({bytes, size});
    *taken = size;
    return 1;
  }
  static long control(BIO* bio, int command, long, void*) noexcept {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return transport(bio).ended_ ? 1 : 0;
    return 0;
  }
  // OpenSSL tells of each message of a handshake that comes in; afterwards these are KeyUpdates and tickets.
  static void on_message(const SSL* ssl, int where, int) noexcept {
    if ((where & SSL_CB_LOOP) == 0) return;
    Transport& self = transport(SSL_get_rbio(ssl));
    if (self.is_open_) ++self.late_messages_;
  }

  static const BIO_METHOD* method() {
    static BIO_METHOD* made = [] {
      BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "prox");
      PROX_ASSERT(m != nullptr);
      BIO_meth_set_read_ex(m, &BioCalls::read);
      BIO_meth_set_write_ex(m, &BioCalls::write);
      BIO_meth_set_ctrl(m, &BioCalls::control);
      return m;
    }();
    return made;
  }
};

Transport::Transport(SslPtr ssl, base::Fd socket, base::BlockPool& blocks)
    : ssl_(std::move(ssl)),
      socket_(std::move(socket)),
      ciphertext_(blocks),
      is_server_(SSL_is_server(ssl_.get()) == 1) {
  BIO* bio = BIO_new(BioCalls::method());
  PROX_ASSERT(bio != nullptr);  // out of memory
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_info_callback(ssl_.get(), &BioCalls::on_message);
}

// OpenSSL takes a connection that ends without a word for a broken one, and never resumes its session again. Ours are sound unless an
// alert said otherwise, which has spoilt the session by then: a connection that waits in a pool may end like that any time.
Transport::~Transport() {
  if (is_open_ && !broken_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

// Once a recv(2) was short, asking again could only bring EAGAIN: the rest of the call goes without.
bool Transport::receive(char* into, std::size_t room, std::size_t& got) {
  got = 0;
  if (drained_ || ended_ || late_messages_ > kMostLateMessages) return false;
  for (;;) {
    const ssize_t n = ::recv(socket_.get(), into, room, 0);
    if (n > 0) {
      got = static_cast<std::size_t>(n);
      drained_ = got < room;
      received_ = true;
      if (first_byte_ < 0) first_byte_ = static_cast<unsigned char>(into[0]);
      // Not for OpenSSL, which would take a request line for a record's header.
      return !is_not_tls();
    }
    if (n == 0) {
      ended_ = true;
      return false;
    }
    if (errno == EINTR) continue;
    drained_ = errno == EAGAIN || errno == EWOULDBLOCK;
    if (!drained_) errno_ = errno;
    return false;
  }
}

Result<net::Transport::Handshake> Transport::handshake() {
  drained_ = false;
  clear_errors();
  const int result = SSL_do_handshake(ssl_.get());
  is_open_ = result == 1;
  const int wants = is_open_ ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
  if (!is_open_ && (wants != SSL_ERROR_WANT_READ || is_not_tls()))
    return fail(wants, "shaking hands");
  more_ = !drained_ || has_buffered();
  const Result<bool> sent = send_ciphertext();
  if (!sent) return base::Unexpected{sent.error()};
  if (!*sent) return Handshake::NeedsOutput;
  return is_open_ ? Handshake::Done : Handshake::NeedsInput;
}

Result<std::size_t> Transport::read(char* into, std::size_t room) {
  drained_ = false;
  received_ = false;
  more_ = false;
  std::size_t got = 0;
  while (got < room) {
    clear_errors();
    std::size_t part = 0;
    const int result = SSL_read_ex(ssl_.get(), into + got, room - got, &part);
    if (result != 1) {
      const int wants = SSL_get_error(ssl_.get(), result);
      if (wants == SSL_ERROR_WANT_READ && late_messages_ <= kMostLateMessages) {
        // What came was no data (a ticket, half a record): 0 is for the caller that the socket had nothing, and the end may be behind it.
        if (got == 0 && std::exchange(received_, false)) {
          drained_ = false;
          continue;
        }
        return got;
      }
      // What came before the end or the fault goes first.
      if (got == 0) return fail(wants, "reading");
      more_ = true;
      return got;
    }
    got += part;
    if (drained_ && !has_buffered()) return got;
  }
  more_ = true;
  return got;
}

// What went wrong, in our terms.
base::Unexpected Transport::fail(int wants, std::string_view context) {
  const auto as = [&](Errc code, std::string_view why) {
    return base::Unexpected{base::Error{code, Side::Internal, false, errno_, context, why}};
  };
  if (wants == SSL_ERROR_ZERO_RETURN) return as(Errc::PeerClosed, "closed by the peer");
  broken_ = true;
  if (errno_ != 0) {
    const bool is_reset =
        errno_ == ECONNRESET || errno_ == EPIPE || errno_ == ETIMEDOUT || errno_ == EHOSTUNREACH;
    return as(is_reset ? Errc::PeerReset : Errc::SystemCall, {});
  }
  if (ended_)
    return as(is_open_ ? Errc::PeerReset : Errc::PeerClosed, "ended without close_notify");
  if (is_not_tls()) return as(Errc::TlsFailed, "not TLS");
  if (late_messages_ > kMostLateMessages) return as(Errc::TlsFailed, "too many key updates");
  if (SSL_get_verify_result(ssl_.get()) != X509_V_OK)
    return as(Errc::TlsFailed, verification_failure(SSL_get_verify_result(ssl_.get())));
  return as(Errc::TlsFailed, reason_of_last_error());
}

// True when all of it has left.
Result<bool> Transport::send_ciphertext() {
  while (!ciphertext_.empty()) {
    iovec vectors[kMaxVectors];
    msghdr message{};
    message.msg_iov = vectors;
    message.msg_iovlen = static_cast<std::size_t>(ciphertext_.gather(vectors, kMaxVectors));
    const ssize_t n = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (n >= 0) {
      ciphertext_.consume(static_cast<std::size_t>(n));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    errno_ = errno;
    return fail(SSL_ERROR_SYSCALL, "writing");
  }
  return true;
}

Result<std::size_t> Transport::write(const iovec* vectors, int count) {
  std::size_t written = 0;
  for (;;) {
    const Result<bool> sent = send_ciphertext();
    if (!sent) return base::Unexpected{sent.error()};
    if (!*sent) return written;
    written += std::exchange(encrypted_, 0);
    if (!encrypt_batch(vectors, count, written)) return fail(SSL_ERROR_SSL, "writing");
    if (encrypted_ == 0) return written;
  }
}

// Fills ciphertext_ with records of the bytes from `skip` on. Our BIO takes everything, so OpenSSL never has to wait here.
bool Transport::encrypt_batch(const iovec* vectors, int count, std::size_t skip) {
  static std::array<char, kMostPlain> scratch;
  Cursor cursor(vectors, count, skip);
  while (!cursor.is_at_end() && ciphertext_.size() < kBatch) {
    const base::Slice record = next_record(cursor, scratch);
    std::size_t taken = 0;
    clear_errors();
    if (SSL_write_ex(ssl_.get(), record.data(), record.size(), &taken) != 1) return false;
    encrypted_ += taken;
  }
  return true;
}

net::Transport::Pending Transport::peek() {
  pollfd socket{socket_.get(), POLLIN | POLLRDHUP, 0};
  const bool is_ready = ::poll(&socket, 1, 0) == 1;
  if (is_ready && (socket.revents & (POLLERR | POLLHUP)) != 0) return Pending::Reset;
  if (is_ready && (socket.revents & POLLRDHUP) != 0) return Pending::End;
  if ((SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0) return Pending::End;
  return is_ready || more_ ? Pending::Data : Pending::Nothing;
}

bool Transport::has_buffered() const { return SSL_has_pending(ssl_.get()) != 0; }

// A close_notify behind records that are not all sent would promise too much.
void Transport::finish() {
  if (!is_open_ || broken_ || !ciphertext_.empty()) return;
  clear_errors();
  SSL_shutdown(ssl_.get());
  // As far as it goes: who has not read what came before does not wait for this.
  static_cast<void>(send_ciphertext());
}

void Transport::shut_down_writes() {
  finish();
  ::shutdown(socket_.get(), SHUT_WR);
}

base::Fd Transport::abandon() {
  if (errno_ == 0) static_cast<void>(send_ciphertext());
  ciphertext_.clear();
  return std::move(socket_);
}

std::string_view Transport::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string_view Transport::sni() const {
  const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  return name != nullptr ? std::string_view(name) : std::string_view();
}

bool Transport::is_resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
std::string_view Transport::version() const { return SSL_get_version(ssl_.get()); }

std::string Transport::peer_subject() const {
  const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  return certificate != nullptr ? subject_of(*certificate) : std::string();
}

std::string Transport::peer_fingerprint() const {
  const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  return certificate != nullptr ? fingerprint_of(*certificate) : std::string();
}

}  // namespace prox::tls
