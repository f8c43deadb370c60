#include "prox/http/response.h"

#include "catch.h"

namespace prox::http {

TEST_CASE("reason phrases of RFC 9110", "[http][response]") {
  CHECK(reason_phrase(101) == "Switching Protocols");
  CHECK(reason_phrase(200) == "OK");
  CHECK(reason_phrase(308) == "Permanent Redirect");
  CHECK(reason_phrase(400) == "Bad Request");
  CHECK(reason_phrase(404) == "Not Found");
  CHECK(reason_phrase(413) == "Content Too Large");
  CHECK(reason_phrase(421) == "Misdirected Request");
  CHECK(reason_phrase(431) == "Request Header Fields Too Large");
  CHECK(reason_phrase(502) == "Bad Gateway");
  CHECK(reason_phrase(504) == "Gateway Timeout");
  CHECK(reason_phrase(505) == "HTTP Version Not Supported");
  CHECK(reason_phrase(599) == "Unknown");
  CHECK(reason_phrase(0) == "Unknown");
}

TEST_CASE("interim responses are those below 200", "[http][response]") {
  ResponseHead head;
  head.status = 103;
  CHECK(head.is_interim());
  head.status = 200;
  CHECK_FALSE(head.is_interim());
}

}  // namespace prox::http
