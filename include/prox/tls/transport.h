#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "prox/base/block.h"
#include "prox/base/fd.h"
#include "prox/base/pooled.h"
#include "prox/net/buffer.h"
#include "prox/net/transport.h"
#include "prox/tls/handles.h"

namespace prox::tls {

using base::Result;

// TLS 1.2 and 1.3 (RFC 5246, RFC 8446) over a socket, as server or as client. OpenSSL works on a BIO of ours that knows when the socket is
// drained and sends what belongs together at once, so that a request costs the same system calls as without TLS. No buffer is held while
// the connection is idle.
class Transport final : public net::Transport, public base::Pooled<Transport> {
 public:
  // `ssl` comes from a ServerContext or a ClientContext, which outlive it.
  Transport(SslPtr ssl, base::Fd socket, base::BlockPool& blocks);
  ~Transport() override;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Errors: TlsFailed, with the reason in OpenSSL's words or ours, PeerClosed, PeerReset, SystemCall.
  Result<Handshake> handshake() override;
  // An end without close_notify is PeerClosed for a server, since requests tell their own length, and PeerReset for a client: a response
  // that lasts until the end must not look whole.
  Result<std::size_t> read(char* into, std::size_t room) override;
  // What is returned as written has left as records. The rest of a batch that is encrypted already is kept until the next call, which must
  // begin with the same bytes.
  Result<std::size_t> write(const iovec* vectors, int count) override;
  Pending peek() override;
  bool has_pending() const override { return more_; }
  void finish() override;
  void shut_down_writes() override;
  int fd() const override { return socket_.get(); }
  // None: without its keys the descriptor is worth nothing.
  base::Fd release() override { return {}; }

  // What the handshake came to; valid once it is over, and as long as this lives.
  std::string_view alpn() const;  // empty: none was agreed
  std::string_view sni() const;   // empty: none was sent
  bool is_resumed() const;
  std::string_view version() const;  // "TLSv1.3"; lives as long as the process
  // Of the certificate that the peer has shown, empty without one: its subject (RFC 4514), and its SHA-256 in lower-case hex.
  std::string peer_subject() const;
  std::string peer_fingerprint() const;

  // The first byte that a client sent begins no TLS record.
  bool is_not_tls() const {
    return is_server_ && first_byte_ >= 0 && first_byte_ != kHandshakeRecord;
  }
  // It may begin an HTTP method.
  bool got_plain_http() const { return first_byte_ >= 'A' && first_byte_ <= 'Z'; }
  // Sends an alert that is due, as far as it goes, and gives up TLS: the bare socket, for a last word or to wait for the peer's end.
  base::Fd abandon();

 private:
  friend struct BioCalls;
  static constexpr int kHandshakeRecord = 0x16;  // RFC 8446 §5.1

  bool receive(char* into, std::size_t room, std::size_t& got);
  bool has_buffered() const;
  base::Unexpected fail(int wants, std::string_view context);
  Result<bool> send_ciphertext();
  bool encrypt_batch(const iovec* vectors, int count, std::size_t skip);

  SslPtr ssl_;
  base::Fd socket_;
  net::Buffer ciphertext_;  // records on their way out
  std::size_t encrypted_ =
      0;  // bytes of the application in ciphertext_, not yet reported as written
  std::uint32_t late_messages_ = 0;  // handshake messages after the handshake
  int errno_ = 0;                    // of the socket, 0 if it is well
  int first_byte_ = -1;              // that ever came
  const bool is_server_;
  bool is_open_ = false;   // the handshake is over
  bool drained_ = false;   // the last recv(2) of this call was short
  bool received_ = false;  // recv(2) has brought bytes since the last look
  bool more_ = false;      // the last call stopped before it came to the end of what is there
  bool ended_ = false;     // recv(2) gave 0
  bool broken_ = false;    // a call has failed: OpenSSL is not to be called again
};

}  // namespace prox::tls
