#pragma once

#include "prox/worker/plan.h"

namespace prox::master {

// Gives the listeners of `http_redirect` services of their own, which send every request to the one that speaks TLS. The plan's other
// services and their TLS are there already.
void add_redirects(worker::Plan& plan);

}  // namespace prox::master
