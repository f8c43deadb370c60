#pragma once

#include "prox/base/slice.h"

namespace prox::http {

using base::Slice;

// Whether `host` may stand in a Host field or an authority (RFC 3986 §3.2.2, §3.2.3): reg-name, IPv4 or [IPv6], with an optional
// port of at most 65535, which may be empty. Empty is fine. No user info, no white space, no percent triple that is broken, and
// no comma: the RFC's grammar has it, but some read a list of hosts there.
bool is_valid_host(Slice host);

// The host without its port: "a.test:80" → "a.test", "[::1]:80" → "[::1]". Case and a trailing dot are kept.
Slice without_port(Slice host);

}  // namespace prox::http
