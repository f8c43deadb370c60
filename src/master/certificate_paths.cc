#include "master/certificate_paths.h"

#include <string>

#include "master/path_state.h"

namespace prox::master {

void enter_certificates(std::vector<config::WatchedPath>& paths) {
  const auto is_certificate = [&](std::size_t i) {
    return paths[i].role == config::WatchedPath::Role::Certificate;
  };
  const std::size_t named = paths.size();
  for (std::size_t i = 0; i < named; ++i) {
    if (!is_certificate(i)) continue;
    const config::WatchedPath directory = paths[i];
    const auto names = list_names(directory);
    for (const std::string& name : names.value_or(std::vector<std::string>{}))
      paths.push_back({directory.path + '/' + name, directory.role});
  }
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (is_certificate(i)) paths[i].digest = PathState(paths[i]).digest();
  }
}

}  // namespace prox::master
