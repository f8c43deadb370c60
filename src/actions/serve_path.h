#pragma once

#include <string>

#include "prox/exchange/exchange.h"

namespace prox::actions {

// The part of a request's cleaned path that names a file below the root: without the prefix that the route's path item stands for, and
// without leading slashes. "/static/a.js" on "/static/*" is "a.js"; an exact item, or none, takes nothing away.
base::Slice path_below_root(const exchange::Exchange& x);

// Whether a name on the way begins with a dot: such files are not shown, but for .well-known (RFC 8615).
bool has_hidden_segment(base::Slice path);

// The last name of a path.
base::Slice file_name(base::Slice path);

// Values of Location for this request. They keep its query and never begin with two slashes, which would name another host.
std::string with_slash(const exchange::Exchange& x);
std::string without_slash(const exchange::Exchange& x);
// To the directory that the request's last name is in: "./".
std::string to_directory(const exchange::Exchange& x);

}  // namespace prox::actions
