#include "prox/downstream/shed_list.h"

#include <utility>

#include "prox/base/assert.h"

namespace prox::downstream {

void ShedList::enter(Entry& entry) {
  PROX_ASSERT(!entry.is_listed());
  entry.list_ = this;
  entry.previous_ = last_;
  (last_ != nullptr ? last_->next_ : first_) = &entry;
  last_ = &entry;
  ++count_;
  while (count_ > limit_) shed_oldest();
}

std::size_t ShedList::shed(std::size_t count) {
  std::size_t freed = 0;
  while (freed < count && first_ != nullptr) freed += shed_oldest() ? 1 : 0;
  return freed;
}

bool ShedList::shed_oldest() {
  Entry& oldest = *first_;
  oldest.leave();
  return oldest.on_shed();
}

void ShedList::Entry::leave() {
  ShedList* list = std::exchange(list_, nullptr);
  if (list == nullptr) return;
  (previous_ != nullptr ? previous_->next_ : list->first_) = next_;
  (next_ != nullptr ? next_->previous_ : list->last_) = previous_;
  next_ = previous_ = nullptr;
  --list->count_;
}

}  // namespace prox::downstream
