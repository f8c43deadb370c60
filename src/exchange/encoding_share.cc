#include "prox/exchange/encoding_share.h"

#include <algorithm>
#include <utility>

#include "prox/base/assert.h"

namespace prox::exchange {

EncodingShare::EncodingShare(net::Loop& loop, std::size_t max_members)
    : loop_(loop), turn_(&EncodingShare::on_turn, this), max_members_(max_members) {}

void EncodingShare::Member::enter(EncodingShare& share) {
  PROX_ASSERT(share_ == nullptr);
  share_ = &share;
  ++share.members_;
}

void EncodingShare::Member::leave() {
  if (share_ == nullptr) return;
  if (previous_ != nullptr) share_->unlink(*this);
  if (share_->served_ == this) share_->served_ = nullptr;
  --share_->members_;
  share_ = nullptr;
}

// Nobody overtakes those who wait. Whoever comes to the front gets one piece, then the next in line has its turn.
std::size_t EncodingShare::Member::take(std::size_t wanted) {
  PROX_ASSERT(share_ != nullptr);
  if (previous_ != nullptr) return 0;
  EncodingShare& share = *share_;
  const bool may_take = share.first_ == nullptr || std::exchange(share.served_, nullptr) == this;
  const std::size_t taken = may_take ? std::min(wanted, share.left_) : 0;
  if (taken == 0) {
    share.await(*this);
  } else {
    share.left_ -= taken;
  }
  share.turn_.post(share.loop_);
  return taken;
}

void EncodingShare::on_turn(void* self) { static_cast<EncodingShare*>(self)->serve_waiting(); }

void EncodingShare::serve_waiting() {
  left_ = kBytesPerTurn;
  while (first_ != nullptr && left_ > 0) {
    served_ = first_;
    unlink(*served_);
    served_->on_turn();
  }
  served_ = nullptr;
  if (first_ != nullptr) turn_.post(loop_);
}

void EncodingShare::await(Member& member) {
  member.next_ = nullptr;
  member.previous_ = last_;
  *last_ = &member;
  last_ = &member.next_;
}

void EncodingShare::unlink(Member& member) {
  if (last_ == &member.next_) last_ = member.previous_;
  *member.previous_ = member.next_;
  if (member.next_ != nullptr) member.next_->previous_ = member.previous_;
  member.previous_ = nullptr;
}

}  // namespace prox::exchange
