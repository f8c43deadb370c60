#include "config/json5_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

#include "config/json5_failure.h"
#include "config/json5_number.h"

namespace prox::config::json5 {
namespace {

// For each member the index of the first one with its key: its own, if there is none before it. By sorting, since one object may
// hold a million members and a hash can be made to collide.
std::vector<std::size_t> first_of_same_key(const Members& members) {
  std::vector<std::size_t> order(members.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return members[a].key < members[b].key; });
  std::vector<std::size_t> first(members.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool same = i > 0 && members[order[i]].key == members[order[i - 1]].key;
    first[order[i]] = same ? first[order[i - 1]] : order[i];
  }
  return first;
}

}  // namespace

void Builder::open_array(std::size_t offset) {
  Value value;
  value.data_ = std::make_unique<Items>();
  push(std::move(value), offset);
}

void Builder::open_object(std::size_t offset) {
  Value value;
  value.data_ = std::make_unique<Members>();
  push(std::move(value), offset);
}

void Builder::push(Value container, std::size_t offset) {
  if (open_.size() == kMaxDepth) throw Failure{Wanted::LessDepth, offset};
  container.place = place_of(offset, 1);
  open_.push_back({std::move(container), {}});
}

void Builder::close(std::size_t end) {
  Value value = std::move(open_.back().value);
  open_.pop_back();
  value.place = place_of(value.place.offset, end - value.place.offset);
  if (auto* members = std::get_if<std::unique_ptr<Members>>(&value.data_))
    drop_duplicates(**members);
  attach(std::move(value));
}

void Builder::add_null(std::string_view token) { add({}, token); }

void Builder::add_bool(bool value, std::string_view token) {
  Value v;
  v.data_ = value;
  add(std::move(v), token);
}

void Builder::add_number(std::string_view token) {
  Value v;
  v.data_ = to_number(token);
  add(std::move(v), token);
}

void Builder::add_string(std::string_view token) {
  Value v;
  v.data_ = std::exchange(characters, {});
  add(std::move(v), token);
}

void Builder::set_key(std::string_view token) {
  Member& next = open_.back().next;
  next.key = std::exchange(characters, {});
  next.key_place = place_of(offset_of(token.data()), token.size());
}

Place Builder::place_of(std::size_t offset, std::size_t length) const {
  return {file_, static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(length)};
}

void Builder::add(Value value, std::string_view token) {
  value.place = place_of(offset_of(token.data()), token.size());
  attach(std::move(value));
}

void Builder::attach(Value value) {
  if (open_.empty()) {
    root_ = std::move(value);
  } else if (auto* items = std::get_if<std::unique_ptr<Items>>(&open_.back().value.data_)) {
    (*items)->push_back(std::move(value));
  } else {
    Open& object = open_.back();
    object.next.value = std::move(value);
    std::get<std::unique_ptr<Members>>(object.value.data_)
        ->push_back(std::exchange(object.next, {}));
  }
}

void Builder::drop_duplicates(Members& members) {
  const std::vector<std::size_t> first = first_of_same_key(members);
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (first[i] == i) continue;
    diagnostics_
        .error("duplicate-key", members[i].key_place,
               fmt::format("key \"{}\" is written twice in this object", members[i].key))
        .notes.push_back({members[first[i]].key_place, "first written here"});
  }
  std::erase_if(members, [&, data = members.data()](const Member& m) {
    const auto i = static_cast<std::size_t>(&m - data);
    return first[i] != i;
  });
}

}  // namespace prox::config::json5
