#pragma once

#include <initializer_list>
#include <string_view>

#include <fmt/format.h>

#include "prox/base/line_writer.h"
#include "prox/base/log.h"

namespace prox::base::log {

using Attrs = std::initializer_list<Attr>;

// `HH:MM:SS LVL message key=value …`, in local time.
void add_text_line(LineWriter& out, Level level, std::string_view message, Attrs attrs,
                   bool in_colour);
// {"time":…,"level":"WARN","msg":…,<attributes>}
void add_json_line(LineWriter& out, Level level, std::string_view message, Attrs attrs);

}  // namespace prox::base::log
