#include "prox/http/query.h"

#include <string>
#include <string_view>

#include "catch.h"

using prox::http::DecodedText;

namespace {

std::string decoded(std::string_view raw) {
  const DecodedText text(raw);
  return {text.begin(), text.end()};
}

std::string parameters(std::string_view query) {
  std::string all;
  prox::http::for_each_parameter(query, [&](DecodedText name, DecodedText value) {
    all += "[" + std::string(name.begin(), name.end()) + "=" +
           std::string(value.begin(), value.end()) + "]";
    return !(name == "stop");
  });
  return all;
}

}  // namespace

TEST_CASE("a query's text is decoded as forms are written") {
  CHECK(decoded("") == "");
  CHECK(decoded("a+b%20c%2B%C3%A9") == "a b c+\u00e9");
  CHECK(decoded("100%") == "100%");
  CHECK(decoded("%2") == "%2");
  CHECK(decoded("%zz%%41") == "%zz%A");
  CHECK(decoded("%2541") == "%41");
  CHECK(DecodedText("a%20b") == "a b");
  CHECK_FALSE(DecodedText("a%20b") == "a bc");
}

TEST_CASE("a query is taken apart into parameters") {
  CHECK(parameters("") == "");
  CHECK(parameters("a=1&b=2") == "[a=1][b=2]");
  CHECK(parameters("a") == "[a=]");
  CHECK(parameters("a=&=b&&c=d=e&") == "[a=][=b][c=d=e]");
  CHECK(parameters("%61%3D=%26&x") == "[a==&][x=]");
  CHECK(parameters("a&stop&b") == "[a=][stop=]");
}
