#include "prox/http/codings.h"

#include <string>
#include <vector>

#include "catch.h"

namespace prox::http {

namespace {

int weight(const std::vector<std::string>& lines, Slice coding) {
  Fields fields;
  for (const std::string& line : lines) fields.add("accept-encoding", line, FieldId::Other);
  return coding_weight(fields, coding);
}

int least(const std::string& line) {
  Fields fields;
  fields.add("accept-encoding", line, FieldId::Other);
  return least_coding_weight(fields);
}

}  // namespace

TEST_CASE("a coding is wanted as its weight says", "[http][codings]") {
  CHECK(weight({"gzip, br"}, "br") == 1000);
  CHECK(weight({"gzip;q=0.5, br ; q=0.25"}, "gzip") == 500);
  CHECK(weight({"gzip;q=0.5, br ; q=0.25"}, "br") == 250);
  CHECK(weight({"gzip;q=1.000"}, "gzip") == 1000);
  CHECK(weight({"gzip;q=0.001"}, "gzip") == 1);
  CHECK(weight({"GZIP"}, "gzip") == 1000);
  CHECK(weight({"x-gzip"}, "gzip") == 1000);
  CHECK(weight({"gzip", "br"}, "br") == 1000);
}

TEST_CASE("what is not named is wanted as * says, or not at all", "[http][codings]") {
  CHECK(weight({}, "gzip") == 0);
  CHECK(weight({""}, "gzip") == 0);
  CHECK(weight({"br"}, "gzip") == 0);
  CHECK(weight({"*"}, "gzip") == 1000);
  CHECK(weight({"*;q=0.1, gzip"}, "zstd") == 100);
  CHECK(weight({"*, gzip;q=0"}, "gzip") == 0);
}

TEST_CASE("identity is good enough unless it is refused", "[http][codings]") {
  CHECK(weight({}, "identity") == 1);
  CHECK(weight({"gzip;q=0.5"}, "identity") == 1);
  CHECK(weight({"gzip;q=0.5, *;q=0.8"}, "identity") == 800);
  CHECK(weight({"gzip;q=0.5, identity"}, "identity") == 1000);
  CHECK(weight({"identity;q=0"}, "identity") == 0);
  CHECK(weight({"*;q=0"}, "identity") == 0);
  CHECK(weight({"*;q=0, identity"}, "identity") == 1000);
}

TEST_CASE("a coding must be wanted as much as the body as it is", "[http][codings]") {
  CHECK(least("gzip;q=0.5") == 1);
  CHECK(least("gzip;q=0.5, identity;q=0.6") == 600);
  CHECK(least("gzip, identity") == 1000);
  CHECK(least("identity;q=0") == 1);  // even then none that is refused itself
  CHECK(least("*;q=0") == 1);
}

TEST_CASE("a weight that cannot be read refuses", "[http][codings]") {
  for (const char* line : {"gzip;q=", "gzip;q=2", "gzip;q=1.5", "gzip;q=0.0001", "gzip;q=.5",
                           "gzip;q=-1", "gzip;level=9", "gzip;", "gzip;q=0x1"}) {
    CAPTURE(line);
    CHECK(weight({line}, "gzip") == 0);
  }
}

}  // namespace prox::http
