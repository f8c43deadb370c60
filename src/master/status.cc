#include "master/status.h"

#include <nlohmann/json.hpp>

#include "prox/base/json.h"

namespace prox::master {

std::string status_json(const std::vector<Generation*>& generations, const Generation* current) {
  base::Json json = {{"ok", true},
                     {"generation", current == nullptr ? 0 : current->terms().number}};
  json["workers"] = base::Json::array();
  for (const Generation* generation : generations) {
    for (const auto& [process, row] : generation->workers()) {
      json["workers"].push_back(
          {{"pid", process.pid()},
           {"slot", process.slot()},
           {"generation", generation->terms().number},
           {"state", process.is_ready() ? to_word(generation->state()) : "starting"},
           {"connections", row.connections.load(std::memory_order_relaxed)},
           {"requests", row.requests_total.load(std::memory_order_relaxed)},
           {"log_lines_lost", row.log_lines_lost_total.load(std::memory_order_relaxed)}});
    }
  }
  return json.dump();
}

}  // namespace prox::master
