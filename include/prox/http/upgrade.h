#pragma once

#include "prox/http/request.h"

namespace prox::http {

// The protocol that a client asks to switch its connection to (RFC 9110 §7.8), as it wrote it: the one member of Upgrade, if Connection
// lists it. Empty for a request that is none, that names several (prox does not choose for the target), and for what must not pass a proxy:
// `h2c`, and TLS inside a plain connection (`TLS/1.0`).
Slice asked_upgrade(const RequestHead& head);

}  // namespace prox::http
