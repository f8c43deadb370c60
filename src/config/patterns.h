#pragma once

#include "config/context.h"

namespace prox::config {

// The patterns of a `match`: one problem at most for each item of a path list and each label of a domain.
// They return whether there was none.
bool check_paths(const Context& context, const Text& paths);
bool check_domain(const Context& context, const Text& domain);
// What a `headers` or `query` condition wants a value to be, and the field it is about. One problem at most each.
void check_value_pattern(const Context& context, const Text& value);
void check_condition_name(const Context& context, const Text& name);

}  // namespace prox::config
