#pragma once

#include <cstdint>
#include <string>

#include "prox/base/fd.h"
#include "prox/base/result.h"

namespace prox::files {

// How paths are kept below a directory.
enum class Confinement : std::uint8_t {
  Kernel,  // openat2(2) with RESOLVE_BENEATH: no race with whoever moves directories about
  ByHand,  // each step by itself, for kernels before 5.6
};

// What this kernel can do. Asked once.
Confinement confinement();

// Opens what `path` names below the directory `root` for reading; "" is the directory itself. Symbolic links are followed if they are
// relative and stay below. Never waits (a FIFO opens at once). A directory that may be passed through but not read is opened as a place
// only (O_PATH). The error has the errno: EXDEV for a path that leads out, ELOOP for links without end, else that of openat(2).
base::Result<base::Fd> open_beneath(int root, const std::string& path,
                                    Confinement how = confinement());

}  // namespace prox::files
