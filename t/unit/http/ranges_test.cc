#include "prox/http/ranges.h"

#include <string>

#include "catch.h"

namespace prox::http {

using Kind = RangeRequest::Kind;

TEST_CASE("ranges that a representation of 10 bytes has", "[http][ranges]") {
  struct Case {
    const char* field;
    std::vector<ByteRange> ranges;
  };
  for (const auto& [field, ranges] : {
           Case{"bytes=0-3", {{0, 4}}}, Case{"bytes=0-0", {{0, 1}}}, Case{"bytes=9-", {{9, 1}}},
           Case{"bytes=3-", {{3, 7}}}, Case{"bytes=3-99999999999999999999999", {{3, 7}}},
           Case{"bytes=-4", {{6, 4}}}, Case{"bytes=-40", {{0, 10}}}, Case{"BYTES=1-2", {{1, 2}}},
           Case{"bytes=0-1, 4-5,,8-", {{0, 2}, {4, 2}, {8, 2}}},
           Case{"bytes=8-9,0-1", {{8, 2}, {0, 2}}},  // in the order asked for
           Case{"bytes=0-1,20-30", {{0, 2}}},        // one of them is satisfiable
       }) {
    CAPTURE(field);
    const RangeRequest request = parse_range(field, 10);
    CHECK(request.kind == Kind::Parts);
    CHECK(request.ranges == ranges);
  }
}

TEST_CASE("a range field that means nothing is ignored", "[http][ranges]") {
  for (const char* field :
       {"", "bytes", "bytes=", "bytes=,", "bytes=a-b", "bytes=3-1", "bytes=1", "bytes=--1",
        "bytes=1-2-3", "bytes=0-1,x", "lines=0-3", "bytes = 0-3", "bytes=0 -3", "bytes=-"}) {
    CAPTURE(field);
    CHECK(parse_range(field, 10).kind == Kind::Whole);
  }
}

TEST_CASE("ranges behind the end cannot be satisfied", "[http][ranges]") {
  for (const char* field :
       {"bytes=10-", "bytes=10-20", "bytes=20-30,40-", "bytes=-0", "bytes=99999999999999999999-"}) {
    CAPTURE(field);
    CHECK(parse_range(field, 10).kind == Kind::Unsatisfiable);
  }
  CHECK(parse_range("bytes=0-", 0).kind == Kind::Unsatisfiable);
  CHECK(parse_range("bytes=-5", 0).kind == Kind::Unsatisfiable);
}

TEST_CASE("more than 16 ranges, or ranges that add up to more than the whole, give the whole",
          "[http][ranges]") {
  std::string many = "bytes=0-0";
  for (int i = 1; i < 16; ++i) many += "," + std::to_string(i) + "-" + std::to_string(i);
  CHECK(parse_range(many, 100).ranges.size() == 16);
  CHECK(parse_range(many + ",50-50", 100).kind == Kind::Whole);
  CHECK(parse_range("bytes=0-,0-", 10).kind == Kind::Whole);
  CHECK(parse_range("bytes=0-5,4-8", 10).kind == Kind::Whole);
}

}  // namespace prox::http
