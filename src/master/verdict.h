#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace prox::master {

// How a reload ended, for the log and for those who asked.
struct Verdict {
  bool ok = false;
  std::uint64_t generation = 0;
  std::size_t services = 0;
  std::size_t routes = 0;
  std::string error;        // one line; empty if ok
  std::string diagnostics;  // a JSON array, or empty
  std::string text;         // the same for people, or empty
};

// One line for the control socket.
std::string to_json(const Verdict& verdict);

}  // namespace prox::master
