#include "master/candidate.h"

#include <optional>
#include <string_view>
#include <unordered_map>

namespace prox::master {

Candidate load_candidate(const Options& options) {
  Candidate candidate;
  ::clock_gettime(CLOCK_REALTIME, &candidate.began);
  candidate.loaded = config::load({options.config_path, options.prefix, config::Purpose::Serve});
  if (candidate.loaded.config) {
    candidate.environment = examine(*candidate.loaded.config, config::Purpose::Serve,
                                    options.workers, candidate.loaded.diagnostics);
  }
  return candidate;
}

std::vector<Watcher::ReadPath> read_paths(const config::LoadResult& loaded) {
  std::unordered_map<std::string_view, std::uint64_t> digests;
  for (std::uint32_t file = 0; file < loaded.sources.size(); ++file) {
    Digest digest;
    digest.add(loaded.sources.text(file));
    digests.emplace(loaded.sources.path(file), digest.value());
  }
  std::vector<Watcher::ReadPath> paths;
  for (const config::WatchedPath& path : loaded.watched) {
    const auto found = digests.find(path.path);
    paths.push_back({path, found == digests.end() ? std::nullopt : std::optional(found->second)});
  }
  return paths;
}

base::log::Level log_level(const Options& options, const config::Config& config) {
  if (options.level) return *options.level;
  const auto configured =
      config.logging.level ? base::log::parse_level(*config.logging.level) : std::nullopt;
  return configured.value_or(base::log::Level::Info);
}

}  // namespace prox::master
