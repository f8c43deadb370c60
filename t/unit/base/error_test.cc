#include "prox/base/error.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <set>
#include <string>

#include "catch.h"
#include "prox/base/result.h"

using prox::base::Errc;
using prox::base::Side;

TEST_CASE("every error code has a word of its own, in lower case") {
  std::set<std::string> words;
  for (int code = 0; code <= static_cast<int>(Errc::BadData); ++code) {
    const std::string word(prox::base::to_word(static_cast<Errc>(code)));
    CAPTURE(code, word);
    CHECK(word != "unknown");
    CHECK(std::all_of(word.begin(), word.end(),
                      [](unsigned char c) { return std::islower(c) != 0 || c == '_'; }));
    CHECK(words.insert(word).second);
  }
  CHECK(prox::base::to_word(Errc::BadMessage) == "bad_message");
  CHECK(prox::base::to_word(Errc::TimedOut) == "timed_out");
}

TEST_CASE("deadlines of different kinds are told apart, and all of them are known as such") {
  int count = 0;
  for (int code = 0; code <= static_cast<int>(Errc::BadData); ++code) {
    const auto errc = static_cast<Errc>(code);
    const bool is_named_so = prox::base::to_word(errc).ends_with("timed_out");
    CHECK(prox::base::is_time_out(errc) == is_named_so);
    count += is_named_so ? 1 : 0;
  }
  CHECK(count == 4);
}

TEST_CASE("an error from errno keeps the number, and says what was being done") {
  errno = ENOSPC;
  const auto error = prox::base::from_errno("writing the log", Side::Upstream);
  CHECK(error.code == Errc::SystemCall);
  CHECK(error.sys_errno == ENOSPC);
  CHECK(error.context == "writing the log");
  CHECK(error.side == Side::Upstream);
  CHECK_FALSE(error.retryable);
}

TEST_CASE("fail makes an unexpected result of code, side and context") {
  const prox::base::Result<int> result =
      prox::base::fail(Errc::UriTooLong, Side::Downstream, "reading a request head");
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Errc::UriTooLong);
  CHECK(result.error().side == Side::Downstream);
  CHECK(result.error().sys_errno == 0);
  CHECK_FALSE(result.error().retryable);
}
