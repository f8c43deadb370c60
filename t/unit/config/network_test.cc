#include "prox/config/network.h"

#include <arpa/inet.h>

#include <string>

#include "catch.h"

namespace {

using namespace prox::config;

std::array<std::uint8_t, 16> peer(const char* text) {
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, text, bytes.data() + 12) == 1) {
    bytes[10] = bytes[11] = 0xff;
  } else {
    REQUIRE(inet_pton(AF_INET6, text, bytes.data()) == 1);
  }
  return bytes;
}

TEST_CASE("a network contains the addresses that begin as it does") {
  struct Row {
    const char* network;
    const char* peer;
    bool contains;
  };
  const Row rows[] = {
      {"10.0.0.0/8", "10.255.0.1", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"192.168.4.0/22", "192.168.7.9", true},
      {"192.168.4.0/22", "192.168.8.0", false},
      {"127.0.0.1", "127.0.0.1", true},
      {"127.0.0.1", "127.0.0.2", false},
      {"0.0.0.0/0", "8.8.8.8", true},
      {"0.0.0.0/0", "::1", false},
      {"::/0", "::1", true},
      {"::/0", "10.0.0.1", true},
      {"2001:db8::/33", "2001:db8:7::1", true},
      {"2001:db8::/33", "2001:db8:8000::1", false},
      {"::ffff:10.0.0.0/104", "10.1.2.3", true},
      {"::1", "::1", true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.network, row.peer);
    const auto network = parse_network(row.network);
    REQUIRE(network);
    CHECK(network->contains(peer(row.peer)) == row.contains);
  }
}

TEST_CASE("a network is shown as it would be written") {
  for (const auto& [written, shown] : {std::pair{"10.0.0.0/8", "10.0.0.0/8"},
                                       {"127.0.0.1", "127.0.0.1"},
                                       {"127.0.0.1/32", "127.0.0.1"},
                                       {"0.0.0.0/0", "0.0.0.0/0"},
                                       {"::/0", "::/0"},
                                       {"2001:DB8::/33", "2001:db8::/33"},
                                       {"::1/128", "::1"}}) {
    CAPTURE(written);
    CHECK(to_text(*parse_network(written)) == shown);
  }
}

TEST_CASE("an address is IPv4 or IPv6, and nothing else") {
  CHECK(parse_ip("127.0.0.1") == peer("127.0.0.1"));
  CHECK(parse_ip("::ffff:127.0.0.1") == peer("127.0.0.1"));
  CHECK(parse_ip("2001:db8::1") == peer("2001:db8::1"));
  for (const std::string_view text : {"", "localhost", "127.1", "127.0.0.1/8", "[::1]", "::1%lo"})
    CHECK_FALSE(parse_ip(text));
  CHECK_FALSE(parse_ip(std::string_view("127.0.0.1\0", 10)));
}

TEST_CASE("what is no network is refused with the reason") {
  for (const auto& [text, why] : {std::pair{"", "neither IPv4"},
                                  {"localhost", "neither IPv4"},
                                  {"10.0.0/8", "neither IPv4"},
                                  {"10.0.0.0/33", "0 to 32"},
                                  {"::/129", "0 to 128"},
                                  {"10.0.0.0/", "0 to 32"},
                                  {"10.0.0.0/-1", "0 to 32"},
                                  {"10.0.0.0/8x", "0 to 32"},
                                  {"[::1]/128", "neither IPv4"},
                                  {"10.0.0.1/8", "bits set behind"},
                                  {"2001:db8::1/32", "bits set behind"}}) {
    CAPTURE(text);
    const auto network = parse_network(text);
    REQUIRE_FALSE(network);
    CHECK(std::string(network.error()).find(why) != std::string::npos);
  }
}

}  // namespace
