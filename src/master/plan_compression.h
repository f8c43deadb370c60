#pragma once

#include <initializer_list>

#include "prox/compress/negotiation.h"
#include "prox/config/guards.h"

namespace prox::master {

// What holds where these do, the later ones over the earlier.
compress::Settings compression_of(std::initializer_list<const config::Compression*> layers);

}  // namespace prox::master
