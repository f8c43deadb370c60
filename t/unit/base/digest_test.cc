#include "prox/base/digest.h"

#include "catch.h"

using prox::base::Digest;

TEST_CASE("a digest is that of all bytes together, however they come") {
  CHECK(Digest("").value() == 0xcbf29ce484222325U);
  CHECK(Digest("foobar").value() == 0x85944171f73967e8U);  // the algorithm's own test vector
  Digest pieces;
  pieces.add("foo");
  pieces.add("bar");
  CHECK(pieces.value() == Digest("foobar").value());
  CHECK(Digest("\xff").value() != Digest("\x7f").value());
}
