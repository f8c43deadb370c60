#include "prox/tls/client_hello.h"

#include <memory>

#include "catch.h"
#include "tls/hello.h"

namespace prox::tls {
namespace {

using namespace prox::test;
using std::string_literals::operator""s;  // counts the NUL

struct Seen {
  std::string name;
  std::vector<std::string> protocols;
};

// In a place without a byte to spare, so that AddressSanitizer sees what is read past the end.
std::optional<std::size_t> missing_of(ClientHelloParser& parser, std::string_view bytes) {
  const std::unique_ptr<char[]> place(new char[bytes.size()]);
  bytes.copy(place.get(), bytes.size());
  const Result<std::size_t> missing = parser.parse({place.get(), bytes.size()});
  if (!missing) {
    CHECK(missing.error().code == base::Errc::BadMessage);
    CHECK(missing.error().side == base::Side::Downstream);
    return std::nullopt;
  }
  return *missing;
}

bool is_refused(std::string_view bytes) {
  ClientHelloParser parser;
  return !missing_of(parser, bytes);
}

Seen parsed(std::string_view bytes) {
  ClientHelloParser parser;
  const Result<std::size_t> missing = parser.parse(bytes);
  REQUIRE(missing);
  REQUIRE(*missing == 0);
  const ClientHello& hello = parser.hello();
  return {std::string(hello.server_name), {hello.protocols.begin(), hello.protocols.end()}};
}

std::string with_extensions(const std::string& extensions) {
  return in_records(hello_message(extensions));
}

TEST_CASE("the name and the protocols of a hello are found") {
  ClientHelloParser parser;
  const std::string bytes =
      with_extensions(other_extension(0x1a1a, 0) + alpn_extension({"h2", "http/1.1"}) +
                      server_name_extension("a.example.com"));
  REQUIRE(parser.parse(bytes) == 0U);
  CHECK(parser.hello().server_name == "a.example.com");
  CHECK(parser.hello().protocols == std::vector<Slice>{"h2", "http/1.1"});
}

TEST_CASE(
    "a hello without a name, without protocols or without any extension is one all the same") {
  CHECK(parsed(with_extensions("")).name.empty());
  CHECK(parsed(with_extensions(other_extension(10, 4))).protocols.empty());
  HelloParts parts;
  parts.extensions.reset();
  CHECK(parsed(in_records(hello_message(parts))).name.empty());
  parts.session_id.clear();
  parts.cipher_suites = "\x13\x01";
  CHECK(parsed(in_records(hello_message(parts))).name.empty());
}

TEST_CASE("names are taken as they were sent") {
  for (const std::string& name : {"10.0.0.1"s, "[::1]"s, "UPPER.example.com"s, "a.example.com."s,
                                  "\xc3\xa4.de"s, std::string(255, 'n'), ""s}) {
    CHECK(parsed(hello_for(name)).name == name);
  }
}

TEST_CASE(
    "extensions that mean nothing to us are passed over, GREASE and an encrypted inner hello among "
    "them") {
  const std::string extensions = other_extension(0x0a0a, 0) + other_extension(0xfe0d, 300) +
                                 server_name_extension("outer.example.com") +
                                 other_extension(0xfafa, 1) + other_extension(21, 500);
  CHECK(parsed(with_extensions(extensions)).name == "outer.example.com");
}

TEST_CASE("a hello may come in any pieces, and what is said to be missing never is too much") {
  const std::string message =
      hello_message(alpn_extension({"h2"}) + server_name_extension("a.example.com") +
                    other_extension(0x2a2a, 700));
  for (const std::size_t record : {1U, 2U, 3U, 4U, 5U, 44U, 45U, 300U, 16384U}) {
    const std::string bytes = in_records(message, record);
    ClientHelloParser parser;
    for (std::size_t come = 0; come < bytes.size(); ++come) {
      const std::optional<std::size_t> missing =
          missing_of(parser, std::string_view(bytes).substr(0, come));
      REQUIRE(missing);
      REQUIRE(*missing > 0);
      REQUIRE(come + *missing <= bytes.size());
    }
    CHECK(parsed(bytes).name == "a.example.com");
    CHECK(parsed(bytes + "what comes behind it").name == "a.example.com");
  }
}

TEST_CASE("whoever waits for what is missing asks a few times only") {
  const std::string bytes =
      in_records(hello_message(server_name_extension("a.test") + other_extension(1, 700)));
  ClientHelloParser parser;
  int asked = 0;
  std::size_t come = 1;
  for (std::size_t missing = 1; missing > 0; ++asked, come += missing)
    missing = *parser.parse(std::string_view(bytes).substr(0, come));
  CHECK(come == bytes.size());
  CHECK(asked == 3);
}

TEST_CASE("large hellos are taken up to 64 KiB, in records of 16 KiB") {
  const auto sized = [](std::size_t bytes) {
    const std::string name = server_name_extension("big.example.com");
    const std::size_t others = hello_message(name).size() + 4;
    return hello_message(other_extension(0xff01, (bytes - others) / 2) +
                         other_extension(0xff02, (bytes - others) - (bytes - others) / 2 - 4) +
                         name);
  };
  for (const std::size_t size : {16384U, 16385U, 40000U, 65536U}) {
    REQUIRE(sized(size).size() == size);
    CHECK(parsed(in_records(sized(size))).name == "big.example.com");
  }
  CHECK(is_refused(in_records(sized(65537))));
  CHECK(is_refused(in_records(sized(65537)).substr(0, 100)));
  CHECK(is_refused(in_records(sized(65536), 8)));
  CHECK(parsed(in_records(sized(4000), 1)).name == "big.example.com");
}

TEST_CASE("what is no ClientHello is refused with its first byte that shows it") {
  const std::string good = hello_for("a.example.com");
  CHECK(is_refused("G"));
  CHECK(is_refused("\x80\x2e\x01"));                           // the hello of SSL 2
  CHECK(is_refused("\x15\x03\x01"));                           // an alert
  CHECK(is_refused("\x16\x02"));                               // no version of TLS
  CHECK(is_refused("\x16\x03\x01\x00\x00"s));                  // an empty record
  CHECK(is_refused("\x16\x03\x01\x40\x01"));                   // a record above 16 KiB
  CHECK(is_refused("\x16\x03\x01\x02\x00\x02"s));              // a ServerHello
  CHECK(is_refused("\x16\x03\x01\x02\x00\x01\x00\x00\x28"s));  // too short for a hello
  CHECK(is_refused(good.substr(0, 40) + "x" + good.substr(41)) == false);
  const std::string two = in_records(hello_message(server_name_extension("a.example.com")), 50);
  CHECK(is_refused(two.substr(0, 55) + "\x17"));
  CHECK(is_refused(two.substr(0, 55) + "\x16\x03\x03\x00\x00"s));
}

TEST_CASE("a message that does not fill its lengths exactly is refused") {
  const auto refused_parts = [](auto change) {
    HelloParts parts;
    change(parts);
    return is_refused(in_records(hello_message(parts)));
  };
  CHECK(refused_parts([](HelloParts& p) { p.session_id = std::string(33, 's'); }));
  CHECK(refused_parts([](HelloParts& p) { p.cipher_suites.clear(); }));
  CHECK(refused_parts([](HelloParts& p) { p.cipher_suites = "\x13\x01\x13"; }));
  CHECK(refused_parts([](HelloParts& p) { p.compression.clear(); }));
  CHECK(refused_parts([](HelloParts& p) { p.extensions = "\x00"s; }));
  CHECK(refused_parts([](HelloParts& p) { p.extensions = number(5, 2) + number(9, 2) + "short"; }));
  const std::string good = hello_message(server_name_extension("a.example.com"));
  // The message says it is a byte longer, or shorter, than what lies in it.
  CHECK(is_refused(in_records('\x01' + vector_of(good.substr(4) + "x", 3))));
  CHECK(is_refused(in_records('\x01' + vector_of(good.substr(4, good.size() - 5), 3))));
}

TEST_CASE("names and protocols that could be read in two ways are refused") {
  const auto name_list = [](const std::string& list) {
    return with_extensions(number(0, 2) + vector_of(vector_of(list, 2), 2));
  };
  CHECK(is_refused(
      with_extensions(server_name_extension("a.test") + server_name_extension("b.test"))));
  CHECK(is_refused(with_extensions(alpn_extension({"h2"}) + alpn_extension({"h3"}))));
  CHECK(
      is_refused(name_list("\x00\x00\x01"
                           "a\x00\x00\x01"
                           "b"s)));
  CHECK(is_refused(name_list("")));
  CHECK(
      is_refused(name_list("\x01\x00\x01"
                           "a"s)));
  CHECK(
      is_refused(name_list("\x00\x00\x05"
                           "a"s)));
  CHECK(is_refused(with_extensions(number(0, 2) + vector_of("", 2))));
  CHECK(is_refused(hello_for("a\0.test"s)));
  CHECK(is_refused(hello_for(std::string(256, 'n'))));
  CHECK(is_refused(with_extensions(alpn_extension({}))));
  CHECK(is_refused(with_extensions(alpn_extension({""}))));
  CHECK(is_refused(with_extensions(number(16, 2) + vector_of(vector_of("\x03h2", 2), 2))));
}

TEST_CASE("one parser reads one hello after another") {
  ClientHelloParser parser;
  const std::string first =
      in_records(hello_message(server_name_extension("first.test") + alpn_extension({"h2"})), 10);
  REQUIRE(parser.parse(first) == 0U);
  const std::string second = hello_for("second.test");
  REQUIRE(parser.parse(second) == 0U);
  CHECK(parser.hello().server_name == "second.test");
  CHECK(parser.hello().protocols.empty());
}

}  // namespace
}  // namespace prox::tls
