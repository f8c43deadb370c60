#include "master/verdict.h"

#include <nlohmann/json.hpp>

#include "prox/base/json.h"

namespace prox::master {

std::string to_json(const Verdict& verdict) {
  base::Json json = {{"ok", verdict.ok}};
  if (verdict.ok) {
    json["generation"] = verdict.generation;
    json["services"] = verdict.services;
    json["routes"] = verdict.routes;
  } else {
    json["error"] = verdict.error;
    if (!verdict.diagnostics.empty())
      json["diagnostics"] = base::Json::parse(verdict.diagnostics, nullptr, false);
    if (!verdict.text.empty()) json["text"] = verdict.text;
  }
  // File names need not be UTF-8.
  return json.dump(-1, ' ', false, base::Json::error_handler_t::replace);
}

}  // namespace prox::master
