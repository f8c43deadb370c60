#pragma once

#include <cstddef>

namespace prox::downstream {

// What a worker keeps open though nobody is served on it (connections whose ClientHello is awaited, requests that a `drop` route leaves
// hanging), oldest first. It may be closed at any time: above the limit the oldest goes for a newer one.
class ShedList {
 public:
  // Embedded in its owner. In the list from enter() until it leaves, is shed or is destroyed.
  class Entry {
   public:
    Entry() = default;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    void leave();
    bool is_listed() const { return list_ != nullptr; }

   protected:
    ~Entry() { leave(); }

   private:
    friend class ShedList;
    // It has left the list: ends what it stands for. Comes from anywhere, other connections' calls included. True if that frees a
    // descriptor; a stream of HTTP/2 has none.
    virtual bool on_shed() = 0;

    ShedList* list_ = nullptr;
    Entry* next_ = nullptr;
    Entry* previous_ = nullptr;
  };

  explicit ShedList(std::size_t limit) : limit_(limit) {}
  ShedList(const ShedList&) = delete;
  ShedList& operator=(const ShedList&) = delete;

  void set_limit(std::size_t limit) { limit_ = limit; }
  std::size_t size() const { return count_; }
  // With a limit of 0 it is shed at once.
  void enter(Entry& entry);
  // The oldest, until that has freed `count` descriptors; returns how many it has.
  std::size_t shed(std::size_t count);

 private:
  bool shed_oldest();

  std::size_t limit_;
  std::size_t count_ = 0;
  Entry* first_ = nullptr;
  Entry* last_ = nullptr;
};

}  // namespace prox::downstream
