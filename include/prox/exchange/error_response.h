#pragma once

#include <string_view>

#include "prox/base/error.h"
#include "prox/exchange/exchange.h"

namespace prox::exchange {

// The status an error is answered with: by its code and by whose fault it is.
int status_of(const base::Error& error);

// Ends an exchange that went wrong: the error's own answer if none has been begun, else the response is cut so that it cannot look
// whole. Upstream faults are logged as warnings, client faults at debug.
void fail(Exchange& exchange, const base::Error& error);

// Tells the logs alone, where the caller has an answer of its own.
void report(Exchange& exchange, const base::Error& error);

}  // namespace prox::exchange
