#pragma once

#include <cstddef>

#include "prox/net/loop.h"

namespace prox::exchange {

// What the bodies that one worker encodes may take together: so many at a time, since each holds an encoder's memory, and so many bytes in
// a turn of the loop, since all other clients wait for the turn's end. Those that want more wait in line.
class EncodingShare {
 public:
  // 1 to 2 ms with the slowest of the codings.
  static constexpr std::size_t kBytesPerTurn = 64 * 1024;

  // A body that is encoded; embedded in its owner. It counts from enter() until it leaves or is destroyed.
  class Member {
   public:
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

   protected:
    Member() = default;
    ~Member() { leave(); }

    void enter(EncodingShare& share);
    void leave();
    // How many of the next bytes may be encoded now, up to `wanted`. If that is 0, on_turn() will come.
    std::size_t take(std::size_t wanted);

   private:
    friend class EncodingShare;
    virtual void on_turn() = 0;

    EncodingShare* share_ = nullptr;
    Member* next_ = nullptr;
    Member** previous_ = nullptr;  // what points to this one; none if it does not wait
  };

  EncodingShare(net::Loop& loop, std::size_t max_members);
  EncodingShare(const EncodingShare&) = delete;
  EncodingShare& operator=(const EncodingShare&) = delete;

  bool has_room() const { return members_ < max_members_; }
  std::size_t members() const { return members_; }

 private:
  static void on_turn(void* self);
  void serve_waiting();
  void await(Member& member);
  void unlink(Member& member);

  net::Loop& loop_;
  net::Task turn_;
  std::size_t max_members_;
  std::size_t members_ = 0;
  std::size_t left_ = kBytesPerTurn;  // of this turn
  Member* first_ = nullptr;           // those that wait
  Member** last_ = &first_;
  Member* served_ = nullptr;  // it has come to the front of the line
};

}  // namespace prox::exchange
