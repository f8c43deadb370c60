#pragma once

#include "prox/exchange/exchange.h"

namespace prox::exchange {

// Takes an exchange whose request head is complete through its steps, from match to handler, as far as it goes now.
void advance(Exchange& exchange);

}  // namespace prox::exchange
