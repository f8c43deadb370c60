#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace prox::master {

// Asks the running master through its control socket and waits for the answer: one JSON object as text.
struct ControlFailure {
  bool is_unreachable = false;  // nobody listens there
  std::string why;
};
tl::expected<std::string, ControlFailure> ask_master(const std::string& socket_path,
                                                     std::string_view command,
                                                     std::chrono::milliseconds limit);

}  // namespace prox::master
