#include "master/plan_compression.h"

#include "catch.h"

namespace prox::master {

using compress::Coding;
using config::Compression;

TEST_CASE("a route's compression stands over its service's, key by key", "[master]") {
  const Compression none;
  const Compression service{{{config::Coding::Gzip, config::Coding::Zstd}}, 2000};
  const Compression off{{{}}, std::nullopt};
  const Compression smaller{std::nullopt, 0};
  const Compression other{{{config::Coding::Brotli}}, std::nullopt};

  CHECK_FALSE(compression_of({&none}).is_on());
  CHECK(compression_of({&none}).min_bytes == 1024);
  CHECK(compression_of({&service}).codings == std::vector{Coding::Gzip, Coding::Zstd});
  CHECK(compression_of({&service, &none}).codings == std::vector{Coding::Gzip, Coding::Zstd});
  CHECK(compression_of({&service, &none}).min_bytes == 2000);
  CHECK_FALSE(compression_of({&service, &off}).is_on());
  CHECK(compression_of({&service, &smaller}).codings.size() == 2);
  CHECK(compression_of({&service, &smaller}).min_bytes == 0);
  CHECK(compression_of({&service, &other}).codings == std::vector{Coding::Brotli});
  CHECK(compression_of({&none, &other}).min_bytes == 1024);
}

}  // namespace prox::master
