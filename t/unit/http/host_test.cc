#include "prox/http/host.h"

#include <string>

#include "catch.h"

namespace prox::http {

TEST_CASE("hosts that may stand in a Host field", "[http][host]") {
  for (const char* host :
       {"", "a", "a.test", "A.Test.", "a.test:80", "a.test:", "a.test:0", "a.test:65535",
        "127.0.0.1:8080", "_x.a-b.test", "a~b!$&'()*+;=.test", "%41.test", "a%2e.test:1",
        "xn--bcher-kva.test", "[::1]", "[::1]:443", "[2001:db8::1]:", "[::ffff:1.2.3.4]",
        "[0123:4567:89ab:cdef:0123:4567:89ab:cdef]"}) {
    CAPTURE(host);
    CHECK(is_valid_host(host));
  }
}

TEST_CASE("hosts that are refused", "[http][host]") {
  for (const char* host : {"user@a.test",
                           "u:p@a.test",
                           "a test",
                           " a.test",
                           "a.test ",
                           "a\ttest",
                           "a/b",
                           "a?b",
                           "a#b",
                           "a\\b",
                           "a,b",
                           "a\"b",
                           "a<b",
                           "a{b",
                           "a|b",
                           "a^b",
                           "a`b",
                           "\xc3\xa4.test",
                           "a\x7f",
                           "a.test:65536",
                           "a.test:99999",
                           "a.test:000080",
                           "a.test:80a",
                           "a.test:+80",
                           "a.test:-1",
                           "a.test: 80",
                           "a.test:80:80",
                           ":80",
                           ":",
                           "%",
                           "a%",
                           "a%4",
                           "a%zz",
                           "a%4gb",
                           "[",
                           "]",
                           "[]",
                           "[::1",
                           "::1",
                           "[::1]a",
                           "[::1]:x",
                           "[::1%25eth0]",
                           "[::1%eth0]",
                           "[1.2.3.4]",
                           "[v1.x]",
                           "[a.test]",
                           "[::1]]",
                           "[[::1]]",
                           "[:::1]",
                           "[ ::1]",
                           "[00000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]"}) {
    CAPTURE(host);
    CHECK_FALSE(is_valid_host(host));
  }
  CHECK_FALSE(is_valid_host(std::string("a\0b", 3)));
  CHECK_FALSE(is_valid_host(std::string("[::1\0]", 6)));
}

TEST_CASE("the port is cut off and nothing else", "[http][host]") {
  CHECK(without_port("a.test:80") == "a.test");
  CHECK(without_port("a.test:") == "a.test");
  CHECK(without_port("A.Test.") == "A.Test.");
  CHECK(without_port("[::1]:80") == "[::1]");
  CHECK(without_port("[::1]") == "[::1]");
  CHECK(without_port("").empty());
}

}  // namespace prox::http
