#include "prox/http/path.h"

#include <string>
#include <vector>

#include "catch.h"

namespace prox::http {

namespace {

struct Cleaning {
  std::string raw;
  std::string clean;
};

}  // namespace

TEST_CASE("paths are decoded once, then lose their dot segments", "[http][path]") {
  const std::vector<Cleaning> cases = {
      {"/a%20b", "/a b"},
      {"/api%2Fx", "/api/x"},
      {"/%41%5a%7E", "/AZ~"},
      {"/%e2%82%ac", "/\xe2\x82\xac"},
      {"/a%0ab", "/a\nb"},
      {"/%252e%252e/x", "/%2e%2e/x"},
      {"/%2500", "/%00"},
      {"/a+b", "/a+b"},
      {"/static/../admin", "/admin"},
      {"/static/%2e%2e/admin", "/admin"},
      {"/static/%2E./admin", "/admin"},
      {"/static%2f..%2fadmin", "/admin"},
      {"/a/./b", "/a/b"},
      {"/.", "/"},
      {"/./", "/"},
      {"/a/.", "/a/"},
      {"/a/..", "/"},
      {"/a/../", "/"},
      {"/a/b/..", "/a/"},
      {"/a/b/../..", "/"},
      {"/a/b/c/./../../g", "/a/g"},
      {"/a//../b", "/a/b"},
      {"//..", "/"},
      {"/a/./././b/../c", "/a/c"},
      {"/a/..b/.c/...", "/a/..b/.c/..."},
      {"/%2e%2e%2e", "/..."},
      {"/a%2f%2e%2e", "/"},
      {"/a\\..\\b%20", "/a\\..\\b "},
  };
  for (const Cleaning& cleaning : cases) {
    CAPTURE(cleaning.raw);
    std::string scratch = "left over";
    const Result<Slice> clean = clean_path(cleaning.raw, scratch);
    REQUIRE(clean);
    CHECK(*clean == cleaning.clean);
  }
}

TEST_CASE("a clean path is handed back without a copy", "[http][path]") {
  for (const std::string raw : {"", "*", "/", "//", "/a//b", "/a/b/", "/.well-known/x", "/a.b/..c",
                                "/...", "/a./b", "/a../b", "/\xff"}) {
    CAPTURE(raw);
    std::string scratch;
    const Result<Slice> clean = clean_path(raw, scratch);
    REQUIRE(clean);
    CHECK(clean->data() == raw.data());
    CHECK(clean->size() == raw.size());
  }
}

TEST_CASE("paths that can be read in two ways are refused", "[http][path]") {
  for (const char* raw : {"/..",
                          "/../",
                          "/../etc/passwd",
                          "/a/../..",
                          "/a/../../b",
                          "/./..",
                          "/%2e%2e",
                          "/a/%2e%2e/%2e%2e/b",
                          "/%2e%2e%2f",
                          "/%zz",
                          "/%",
                          "/%4",
                          "/a%4",
                          "/%4g",
                          "/%g4",
                          "/%%41",
                          "/%00",
                          "/a%00b",
                          "/% 1",
                          "/%+1",
                          "/%-1",
                          "a",
                          "a/../b",
                          "?"}) {
    CAPTURE(raw);
    std::string scratch;
    const Result<Slice> clean = clean_path(raw, scratch);
    REQUIRE_FALSE(clean);
    CHECK(clean.error().code == base::Errc::BadMessage);
    CHECK(clean.error().side == base::Side::Downstream);
  }
}

}  // namespace prox::http
