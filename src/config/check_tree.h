#pragma once

#include "config/check.h"
#include "config/tree.h"

namespace prox::config {

// Holds every file against what may stand in one of its kind.
void check_tree(const Context& context, const Tree& tree, Checker& checker);

}  // namespace prox::config
