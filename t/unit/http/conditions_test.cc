#include "prox/http/conditions.h"

#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "prox/http/date.h"

namespace prox::http {

namespace {

constexpr std::int64_t kModified = 784111777;
constexpr std::int64_t kNow = 1'790'000'000;
const std::string kDate = format_date(kModified);
const std::string kEarlier = format_date(kModified - 1);
const std::string kLater = format_date(kModified + 1);

using Lines = std::vector<std::pair<std::string, std::string>>;

RequestHead request_with(const Lines& lines) {
  RequestHead head;
  head.method = Method::Get;
  for (const auto& [name, value] : lines) head.fields.add(name, value, recognise(name));
  return head;
}

Verdict verdict(const Lines& lines, Slice etag = "\"a\"") {
  return evaluate(request_with(lines), {etag, kModified}, kNow);
}

}  // namespace

TEST_CASE("conditions on entity tags", "[http][conditions]") {
  CHECK(verdict({}) == Verdict::Proceed);
  CHECK(verdict({{"If-Match", "\"a\""}}) == Verdict::Proceed);
  CHECK(verdict({{"If-Match", "*"}}) == Verdict::Proceed);
  CHECK(verdict({{"If-Match", "\"b\", \"a\""}}) == Verdict::Proceed);
  CHECK(verdict({{"If-Match", "\"b\""}, {"If-Match", "\"a\""}}) == Verdict::Proceed);
  CHECK(verdict({{"If-Match", "\"b\""}}) == Verdict::Failed);
  CHECK(verdict({{"If-Match", "W/\"a\""}}) == Verdict::Failed);  // strong comparison
  CHECK(verdict({{"If-Match", "\"a\""}}, "W/\"a\"") == Verdict::Failed);
  CHECK(verdict({{"if-none-match", "\"a\""}}) == Verdict::NotModified);
  CHECK(verdict({{"If-None-Match", "W/\"a\""}}) == Verdict::NotModified);  // weak comparison
  CHECK(verdict({{"If-None-Match", "\"x,y\",\"a\""}}) == Verdict::NotModified);
  CHECK(verdict({{"If-None-Match", "*"}}) == Verdict::NotModified);
  CHECK(verdict({{"If-None-Match", "\"b\""}}) == Verdict::Proceed);
  CHECK(verdict({{"If-None-Match", "a"}}) == Verdict::Proceed);
  CHECK(verdict({{"If-None-Match", "\"a"}}) == Verdict::Proceed);
  CHECK(verdict({{"If-None-Match", ""}}) == Verdict::Proceed);
}

TEST_CASE("conditions on dates", "[http][conditions]") {
  CHECK(verdict({{"If-Modified-Since", kDate}}) == Verdict::NotModified);
  CHECK(verdict({{"If-Modified-Since", kLater}}) == Verdict::NotModified);
  CHECK(verdict({{"If-Modified-Since", kEarlier}}) == Verdict::Proceed);
  CHECK(verdict({{"If-Modified-Since", "soon"}}) == Verdict::Proceed);
  CHECK(verdict({{"If-Unmodified-Since", kDate}}) == Verdict::Proceed);
  CHECK(verdict({{"If-Unmodified-Since", kEarlier}}) == Verdict::Failed);
  CHECK(verdict({{"If-Unmodified-Since", "soon"}}) == Verdict::Proceed);
}

TEST_CASE("several dates are none", "[http][conditions]") {
  for (const std::string& other : {kDate, kEarlier, kLater}) {
    CAPTURE(other);
    CHECK(verdict({{"If-Modified-Since", other}, {"If-Modified-Since", kDate}}) ==
          Verdict::Proceed);
    CHECK(verdict({{"If-Modified-Since", kDate}, {"If-Modified-Since", other}}) ==
          Verdict::Proceed);
    CHECK(verdict({{"If-Unmodified-Since", other}, {"If-Unmodified-Since", kEarlier}}) ==
          Verdict::Proceed);
  }
  CHECK(verdict({{"If-Modified-Since", kDate + ", " + kDate}}) == Verdict::Proceed);
  const Lines three(3, {"If-Modified-Since", kDate});
  CHECK(verdict(three) == Verdict::Proceed);
}

TEST_CASE("tags stand over dates, and If-Match over If-None-Match", "[http][conditions]") {
  CHECK(verdict({{"If-None-Match", "\"b\""}, {"If-Modified-Since", kDate}}) == Verdict::Proceed);
  CHECK(verdict({{"If-None-Match", "\"a\""}, {"If-Modified-Since", kEarlier}}) ==
        Verdict::NotModified);
  CHECK(verdict({{"If-Match", "\"a\""}, {"If-Unmodified-Since", kEarlier}}) == Verdict::Proceed);
  CHECK(verdict({{"If-Match", "\"b\""}, {"If-None-Match", "\"a\""}}) == Verdict::Failed);
  CHECK(verdict({{"If-Match", "\"a\""}, {"If-None-Match", "\"a\""}}) == Verdict::NotModified);
}

TEST_CASE("a range counts only for the representation that If-Range names", "[http][conditions]") {
  const auto applies = [](Lines lines, Slice etag = "\"a\"", std::int64_t now = kNow) {
    lines.emplace_back("range", "bytes=0-");
    const RequestHead request = request_with(lines);
    const Field* range = find_range(request, {etag, kModified}, now);
    return range != nullptr && range->value == "bytes=0-";
  };
  CHECK(find_range(request_with({}), {"\"a\"", kModified}, kNow) == nullptr);
  CHECK_FALSE(applies({{"Range", "bytes=1-"}}));  // two are none
  RequestHead head = request_with({{"Range", "bytes=0-"}});
  head.method = Method::Head;
  CHECK(find_range(head, {"\"a\"", kModified}, kNow) == nullptr);
  CHECK(applies({}));
  CHECK(applies({{"If-Range", "\"a\""}}));
  CHECK_FALSE(applies({{"If-Range", "\"b\""}}));
  CHECK_FALSE(applies({{"If-Range", "W/\"a\""}}));
  CHECK_FALSE(applies({{"If-Range", "W/\"a\""}}, "W/\"a\""));
  CHECK_FALSE(applies({{"If-Range", "\"a\""}, {"If-Range", "\"b\""}}));  // two are not one of them
  CHECK_FALSE(applies({{"If-Range", "\"b\""}, {"If-Range", "\"a\""}}));
  CHECK(applies({{"If-Range", kDate}}));
  CHECK_FALSE(applies({{"If-Range", kLater}}));  // an exact match is asked for
  CHECK_FALSE(applies({{"If-Range", "soon"}}));
  CHECK_FALSE(
      applies({{"If-Range", kDate}}, "\"a\"", kModified));  // it may change again this second
}

}  // namespace prox::http
