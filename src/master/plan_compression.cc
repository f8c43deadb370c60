#include "master/plan_compression.h"

#include <cstdint>

namespace prox::master {

namespace {

compress::Coding coding_of(config::Coding coding) {
  switch (coding) {
    case config::Coding::Zstd: return compress::Coding::Zstd;
    case config::Coding::Brotli: return compress::Coding::Brotli;
    case config::Coding::Gzip: return compress::Coding::Gzip;
  }
  return {};
}

}  // namespace

compress::Settings compression_of(std::initializer_list<const config::Compression*> layers) {
  compress::Settings settings;
  for (const config::Compression* layer : layers) {
    if (layer->codings) {
      settings.codings.clear();
      for (const config::Coding coding : *layer->codings)
        settings.codings.push_back(coding_of(coding));
    }
    if (layer->min_bytes) settings.min_bytes = static_cast<std::uint64_t>(*layer->min_bytes);
  }
  return settings;
}

}  // namespace prox::master
