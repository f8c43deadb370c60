#include "cli/table.h"

#include "catch.h"

using prox::cli::Table;

TEST_CASE("columns are as wide as their widest cell, and lines end in no space") {
  Table table({"A", "LONG", "C"});
  table.add({"caf\u00e9!", "1", "x"});
  table.add({"a", "2", ""});
  CHECK(table.render(2) ==
        "  A      LONG  C\n"
        "  caf\u00e9!  1     x\n"
        "  a      2\n");
}

TEST_CASE("an empty column is left out, and nothing reaches the terminal as a command") {
  Table table({"A", "EMPTY", "C"});
  table.add({"\x1b[1m", "", "y"});
  CHECK(table.render(0) == "A     C\n\xEF\xBF\xBD[1m  y\n");
}
