#pragma once

#include <string>
#include <string_view>

#include "prox/base/error.h"
#include "prox/config/loader.h"

namespace prox::master {

// All problems of a load as people read them, with the summary, to stderr. Nothing if there are none.
void print_report(const config::LoadResult& loaded, std::string_view config_path);

// The same into the log: errors at error, warnings at warn, one line each.
void log_report(const config::LoadResult& loaded);

// "claiming a row of the shared zone: No space left on device"
std::string describe(const base::Error& error);

}  // namespace prox::master
