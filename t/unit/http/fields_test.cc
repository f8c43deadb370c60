#include "prox/http/fields.h"

#include <string>
#include <vector>

#include "catch.h"

namespace prox::http {

namespace {

struct KnownName {
  const char* name;
  FieldId id;
};

const std::vector<KnownName> kKnownNames = {
    {"Connection", FieldId::Connection},
    {"Content-Length", FieldId::ContentLength},
    {"Content-Type", FieldId::ContentType},
    {"Date", FieldId::Date},
    {"Expect", FieldId::Expect},
    {"Forwarded", FieldId::Forwarded},
    {"Host", FieldId::Host},
    {"HTTP2-Settings", FieldId::Http2Settings},
    {"Keep-Alive", FieldId::KeepAlive},
    {"Proxy-Authenticate", FieldId::ProxyAuthenticate},
    {"Proxy-Authorization", FieldId::ProxyAuthorization},
    {"Proxy-Connection", FieldId::ProxyConnection},
    {"TE", FieldId::Te},
    {"Trailer", FieldId::Trailer},
    {"Transfer-Encoding", FieldId::TransferEncoding},
    {"Upgrade", FieldId::Upgrade},
    {"X-Forwarded-For", FieldId::XForwardedFor},
    {"X-Forwarded-Host", FieldId::XForwardedHost},
    {"X-Forwarded-Proto", FieldId::XForwardedProto},
};

std::vector<std::string> members_of(Slice list) {
  std::vector<std::string> members;
  for_each_member(list, [&](Slice member) {
    members.emplace_back(member);
    return true;
  });
  return members;
}

}  // namespace

TEST_CASE("names that prox acts on are recognised in any case", "[http][fields]") {
  for (const KnownName& known : kKnownNames) {
    CAPTURE(known.name);
    std::string lower = known.name;
    std::string upper = known.name;
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    CHECK(recognise(known.name) == known.id);
    CHECK(recognise(lower) == known.id);
    CHECK(recognise(upper) == known.id);
  }
}

TEST_CASE("a name with any one byte changed is another name", "[http][fields]") {
  for (const KnownName& known : kKnownNames) {
    const std::string name = known.name;
    for (std::size_t at = 0; at < name.size(); ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string other = name;
        other[at] = static_cast<char>(byte);
        const bool is_same = equal_ignoring_case(other, name);
        if (is_same != (recognise(other) == known.id))
          FAIL(name << " with byte " << byte << " at " << at);
      }
    }
    CHECK(recognise(name + "s") == FieldId::Other);
    CHECK(recognise(Slice(name).substr(1)) == FieldId::Other);
  }
  CHECK(recognise("") == FieldId::Other);
  CHECK(recognise("Content_Length") == FieldId::Other);
  CHECK(recognise("X-Request-Id") == FieldId::Other);
}

TEST_CASE("fields are found by id, the first of several", "[http][fields]") {
  Fields fields;
  fields.add("Via", "a", FieldId::Other);
  fields.add("Connection", "x", FieldId::Connection);
  fields.add("connection", "y", FieldId::Connection);
  REQUIRE(fields.find(FieldId::Connection) != nullptr);
  CHECK(fields.find(FieldId::Connection)->value == "x");
  CHECK(fields.find(FieldId::Host) == nullptr);
  CHECK(fields.count(FieldId::Connection) == 2);
  CHECK(fields.count(FieldId::Host) == 0);
  CHECK(fields.size() == 3);
  fields.clear();
  CHECK(fields.empty());
  CHECK(fields.find(FieldId::Connection) == nullptr);
}

TEST_CASE("case is ignored for letters only", "[http][fields]") {
  CHECK(equal_ignoring_case("", ""));
  CHECK(equal_ignoring_case("aZ-9", "Az-9"));
  CHECK_FALSE(equal_ignoring_case("a", "ab"));
  CHECK_FALSE(equal_ignoring_case("@", "`"));
  CHECK_FALSE(equal_ignoring_case("[", "{"));
  CHECK_FALSE(equal_ignoring_case("\r", "-"));
  CHECK_FALSE(equal_ignoring_case("\xc4", "\xe4"));
}

TEST_CASE("a token has no separator, space, control or 8-bit character", "[http][fields]") {
  CHECK(is_token("GET"));
  CHECK(is_token("!#$%&'*+-.^_`|~09azAZ"));
  CHECK_FALSE(is_token(""));
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool expected =
        byte > 0x20 && byte < 0x7f && Slice("\"(),/:;<=>?@[\\]{}").find(c) == Slice::npos;
    // Alone, and at each place of a longer one.
    if (is_token(Slice(&c, 1)) != expected) FAIL("byte " << byte);
    for (std::size_t at = 0; at < 40; ++at) {
      std::string text(40, 'x');
      text[at] = c;
      if (is_token(text) != expected) FAIL("byte " << byte << " at " << at);
    }
  }
}

TEST_CASE("list members are trimmed and empty ones skipped", "[http][fields]") {
  CHECK(members_of("a, b ,\tc") == std::vector<std::string>{"a", "b", "c"});
  CHECK(members_of(",, a,,") == std::vector<std::string>{"a"});
  CHECK(members_of(" ").empty());
  CHECK(members_of("").empty());
  int seen = 0;
  for_each_member("a,b,c", [&](Slice) { return ++seen < 2; });
  CHECK(seen == 2);
}

}  // namespace prox::http
