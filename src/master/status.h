#pragma once

#include <string>
#include <vector>

#include "master/generation.h"

namespace prox::master {

// One line for the control socket: the generation that serves and all live workers, with what they have counted. `current`: nullptr
// before the first is ready.
std::string status_json(const std::vector<Generation*>& generations, const Generation* current);

}  // namespace prox::master
