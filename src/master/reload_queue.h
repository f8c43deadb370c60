#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "master/control_socket.h"

namespace prox::master {

// Reloads come one at a time; whatever is asked for meanwhile becomes one more. Who asked is answered by the first that began after that.
class ReloadQueue {
 public:
  using Asker = ControlSocket::Asker;

  // None: a signal or a saved file, which wait for no answer.
  void add(std::optional<Asker> asker) {
    if (asker) waiting_.push_back(*asker);
    is_due_ = true;
  }

  bool is_due() const { return is_due_ && !is_running_; }
  bool is_running() const { return is_running_; }

  void begin() {
    is_running_ = true;
    is_due_ = false;
    served_ = std::exchange(waiting_, {});
  }

  // Whom to answer now.
  std::vector<Asker> end() {
    is_running_ = false;
    return std::exchange(served_, {});
  }

  // No reload will begin any more: whom to answer now.
  std::vector<Asker> close() {
    std::vector<Asker> all = end();
    all.insert(all.end(), waiting_.begin(), waiting_.end());
    waiting_.clear();
    is_due_ = false;
    return all;
  }

 private:
  bool is_due_ = false;
  bool is_running_ = false;
  std::vector<Asker> served_;   // by the one under way
  std::vector<Asker> waiting_;  // for the one after it
};

}  // namespace prox::master
