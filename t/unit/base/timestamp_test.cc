#include "prox/base/timestamp.h"

#include <array>
#include <string>

#include "catch.h"

namespace {

std::string written(std::int64_t nanos, int digits) {
  std::array<char, prox::base::kMaxTimestamp> text{};
  return {text.data(), prox::base::write_timestamp(nanos, digits, text.data())};
}

}  // namespace

TEST_CASE("a time stamp is RFC 3339 in UTC, with as many digits as were asked for") {
  constexpr std::int64_t kSecond = 1'000'000'000;
  CHECK(written(0, 9) == "1970-01-01T00:00:00.000000000Z");
  CHECK(written(951'782'400 * kSecond + 1, 9) == "2000-02-29T00:00:00.000000001Z");
  CHECK(written(951'782'400 * kSecond + 999'999'999, 6) == "2000-02-29T00:00:00.999999Z");
  CHECK(written(951'782'401 * kSecond + 50'000, 6) == "2000-02-29T00:00:01.000050Z");
  CHECK(written(951'782'400 * kSecond, 6) ==
        "2000-02-29T00:00:00.000000Z");  // the one before, again
}
