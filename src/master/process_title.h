#pragma once

#include <string_view>

namespace prox::master {

// What ps(1) shows for this process, in the place of its arguments and, as far as needed, of its environment, which is moved away first.
// Cut to that room; does nothing if the arguments were not remembered.
void remember_arguments(int argc, char** argv);
void set_process_title(std::string_view title);

}  // namespace prox::master
