#pragma once

#include <cstddef>
#include <cstdint>

#include <sys/uio.h>

#include "prox/base/fd.h"
#include "prox/base/result.h"

namespace prox::net {

using base::Result;

// Bytes to and from one peer, without blocking: a plain socket, or what lies on top of one. Owns the descriptor.
class Transport {
 public:
  virtual ~Transport() = default;

  enum class Handshake {
    Done,
    NeedsInput,   // goes on with what the peer sends
    NeedsOutput,  // goes on when the socket can be written to
  };
  // Takes what comes before the first byte as far as it goes now. Errors: TlsFailed, PeerClosed, PeerReset, SystemCall.
  virtual Result<Handshake> handshake() { return Handshake::Done; }
  // Bytes read; 0 means none are there yet. Errors: PeerClosed at the end of the stream, PeerReset, SystemCall.
  virtual Result<std::size_t> read(char* into, std::size_t room) = 0;
  // Bytes written; 0 means would block. Errors: PeerReset, SystemCall.
  virtual Result<std::size_t> write(const iovec* vectors, int count) = 0;
  // Writes bytes of a file as write() does: sendfile(2) where the bytes leave as they are, else through a piece of memory. BadData if the
  // file has ended before them.
  virtual Result<std::size_t> send_file(int file, std::uint64_t offset, std::size_t size);
  // After a short read or a handshake: there may be more, of which no event will tell.
  virtual bool has_pending() const { return false; }
  // What is to come from the peer, looked at without consuming anything; the strongest that is known.
  enum class Pending {
    Nothing,
    Data,
    End,    // it will send nothing more, though bytes may be unread
    Reset,  // neither direction works any more
  };
  virtual Pending peek() = 0;
  // The descriptor is about to be closed, and all was sent: tells the peer so, where there is a word for it.
  virtual void finish() {}
  // No more will be written; reading goes on (shutdown(2)).
  virtual void shut_down_writes() = 0;
  virtual int fd() const = 0;
  // Gives the descriptor away where nothing but the descriptor is needed to go on (handing an idle connection over); none otherwise.
  virtual base::Fd release() = 0;
};

// A stream socket (tcp(7), unix(7)).
class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(base::Fd socket) : socket_(std::move(socket)) {}

  Result<std::size_t> read(char* into, std::size_t room) override;
  Result<std::size_t> write(const iovec* vectors, int count) override;
  Result<std::size_t> send_file(int file, std::uint64_t offset, std::size_t size) override;
  Pending peek() override;
  void shut_down_writes() override;
  int fd() const override { return socket_.get(); }
  base::Fd release() override { return std::move(socket_); }

 private:
  base::Fd socket_;
};

}  // namespace prox::net
