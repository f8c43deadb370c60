#pragma once

#include <cstdint>
#include <utility>

#include "prox/base/fd.h"

namespace prox::base {

// A descriptor that several hold; the last one closes it (one thread, so a plain count). For files that are being sent while the place
// that opened them may forget them.
class SharedFd {
 public:
  SharedFd() = default;
  explicit SharedFd(Fd fd) : shared_(new Shared{std::move(fd), 1}) {}
  SharedFd(const SharedFd& other) : shared_(other.shared_) {
    if (shared_ != nullptr) ++shared_->holders;
  }
  SharedFd(SharedFd&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
  SharedFd& operator=(SharedFd other) noexcept {
    std::swap(shared_, other.shared_);
    return *this;
  }
  ~SharedFd() {
    if (shared_ != nullptr && --shared_->holders == 0) delete shared_;
  }

  explicit operator bool() const { return shared_ != nullptr; }
  int get() const { return shared_->fd.get(); }

 private:
  struct Shared {
    Fd fd;
    std::uint32_t holders;
  };
  Shared* shared_ = nullptr;
};

}  // namespace prox::base
