#include "master/process_title.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace prox::master {

namespace {

char* g_start = nullptr;
std::size_t g_size = 0;

// The kernel lays all strings out one behind the other (execve(2)). Returns the end of those that follow `end`.
const char* end_of_run(char** strings, const char* end) {
  for (char** each = strings; *each != nullptr && *each == end; ++each)
    end += std::strlen(*each) + 1;
  return end;
}

void move_environment() {
  std::size_t count = 0;
  while (environ[count] != nullptr) ++count;
  // Never freed: getenv() gives out pointers into it.
  char** copy = new char*[count + 1];
  for (std::size_t i = 0; i < count; ++i) copy[i] = ::strdup(environ[i]);
  copy[count] = nullptr;
  environ = copy;
}

}  // namespace

void remember_arguments(int argc, char** argv) {
  if (argc == 0 || argv == nullptr) return;
  const char* end = end_of_run(environ, end_of_run(argv, argv[0]));
  move_environment();
  g_start = argv[0];
  g_size = static_cast<std::size_t>(end - g_start);
}

void set_process_title(std::string_view title) {
  if (g_start == nullptr) return;
  std::memset(g_start, 0, g_size);
  std::memcpy(g_start, title.data(), std::min(title.size(), g_size - 1));
}

}  // namespace prox::master
