#include "prox/config/diagnostic.h"

#include <string>
#include <vector>

#include "catch.h"

namespace prox::config {
namespace {

TEST_CASE("diagnostics: errors and warnings are counted apart") {
  Diagnostics d;
  CHECK_FALSE(d.has_errors());
  d.warning("w", Place{}, "odd");
  CHECK_FALSE(d.has_errors());
  CHECK(d.warnings() == 1);
  d.error("e", Place{}, "wrong");
  d.error("taken", "no place");
  CHECK(d.errors() == 2);
  CHECK(d.warnings() == 1);
  CHECK(d.all()[1].has_place);
  CHECK_FALSE(d.all()[2].has_place);
}

TEST_CASE("diagnostics: strictness makes every warning an error") {
  Diagnostics d;
  d.warning("w", Place{}, "odd");
  d.make_warnings_errors();
  CHECK(d.errors() == 1);
  CHECK(d.warnings() == 0);
}

TEST_CASE(
    "diagnostics: sorted by file, then place, those without a place first, ties as they came") {
  Diagnostics d;
  d.error("1", Place{1, 0, 1}, "file 1");
  d.error("2", Place{0, 9, 1}, "late");
  d.warning("3", Place{0, 4, 1}, "early, first said");
  d.error("4", Place{0, 4, 1}, "early, then said");
  d.error("5", "nowhere");
  d.sort();
  std::string order;
  for (const Diagnostic& item : d.all()) order += item.id;
  CHECK(order == "53421");
}

struct NearestCase {
  std::string word;
  std::vector<std::string_view> known;
  std::optional<std::string_view> found;
};

TEST_CASE("nearest: a slip of the finger finds its word, by the length's measure") {
  const std::vector<NearestCase> cases = {
      {"lisen", {"listen", "routes"}, "listen"},
      {"fronted", {"frontend", "backend"}, "frontend"},
      {"GTE", {"GET", "POST"}, "GET"},  // a swap is one edit
      {"serv", {"serve", "static"}, "serve"},
      {"tpye", {"type"}, "type"},
      {"tyep", {"type"}, "type"},
      {"abcd", {"abxy"}, std::nullopt},           // two edits in four characters
      {"abcde", {"abcxy"}, "abcxy"},              // two in five
      {"abcdefgh", {"abcdexyz"}, std::nullopt},   // three in eight
      {"abcdefghi", {"abcdefxyz"}, "abcdefxyz"},  // three in nine
      {"abcdefghi", {"abcdewxyz"}, std::nullopt},
      {"upstream_adress", {"upstream_address"}, "upstream_address"},
      {"ca", {"abc"}, std::nullopt},  // no place is edited twice
      {"x", {}, std::nullopt},
      {"", {"a", "abc"}, "a"},
  };
  for (const NearestCase& c : cases) {
    CAPTURE(c.word);
    CHECK(nearest(c.word, c.known) == c.found);
  }
}

TEST_CASE("nearest: the lowest distance wins, then the alphabet") {
  CHECK(nearest("lisen", {"lines", "listen", "lisem"}) == "lisem");
  CHECK(nearest("bat", {"cat", "bar", "hat"}) == "bar");
  CHECK(nearest("bat", {"hat", "cat"}) == "cat");
}

TEST_CASE("nearest: another case of the same letters is nearest of all") {
  CHECK(nearest("LISTEN", {"listed", "listen"}) == "listen");
  CHECK(nearest("Tls", {"tms", "tls"}) == "tls");
}

TEST_CASE("nearest: characters are counted, not bytes") {
  CHECK(nearest("\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC", {"\xC3\xBC\xC3\xBC"
                                                     "ab"}) == std::nullopt);
  CHECK(nearest("\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC", {"\xC3\xBC\xC3\xBC\xC3\xBC"
                                                     "a"}) ==
        "\xC3\xBC\xC3\xBC\xC3\xBC"
        "a");
}

}  // namespace
}  // namespace prox::config
