#include "prox/config/printable.h"

#include "catch.h"

using prox::config::printable;
using prox::config::width;

TEST_CASE("what could make a terminal show something else is replaced") {
  CHECK(printable("a\tb \u00e9") == "a\tb \u00e9");
  CHECK(printable("\x1b[1m\r\n") == "\uFFFD[1m\uFFFD\uFFFD");
  CHECK(printable("a\u202eb\u2028") == "a\uFFFDb\uFFFD");
  CHECK(printable("\xff\xc3") == "\uFFFD\uFFFD");
}

TEST_CASE("a column is one code point") {
  CHECK(width("") == 0);
  CHECK(width("caf\u00e9") == 4);
}
