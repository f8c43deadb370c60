#include "prox/exchange/error_word.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "catch.h"

using prox::base::Errc;
using prox::base::Error;
using prox::base::Side;
using prox::exchange::error_word;

TEST_CASE("whatever goes wrong has a word in access lines") {
  for (int code = 0; code <= static_cast<int>(Errc::BadData); ++code) {
    for (const Side side : {Side::Downstream, Side::Upstream, Side::Internal}) {
      const std::string word(error_word(Error{static_cast<Errc>(code), side}));
      CAPTURE(code, word);
      CHECK(!word.empty());
      CHECK(std::all_of(word.begin(), word.end(),
                        [](unsigned char c) { return std::islower(c) != 0 || c == '_'; }));
    }
  }
}

TEST_CASE("the manual has every word") {
  std::ifstream file("man/prox.json5.5");
  std::stringstream text;
  text << file.rdbuf();
  std::set<std::string> words = {"client_closed", "client_reset", "write_timeout",
                                 "shutdown",      "h2_error",     "reset"};
  for (int code = 0; code <= static_cast<int>(Errc::BadData); ++code) {
    for (const Side side : {Side::Downstream, Side::Upstream, Side::Internal})
      words.emplace(error_word(Error{static_cast<Errc>(code), side}));
  }
  // Words stand in the lines that begin an entry.
  std::string entries;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with(".It Li ")) entries += line + " ";
  }
  for (const std::string& word : words) {
    CAPTURE(word);
    CHECK((entries.find(" " + word + " ") != std::string::npos));
  }
}

TEST_CASE("the ways in which an upstream fails are told apart") {
  const auto word = [](Errc code, int number = 0) {
    return error_word(Error{code, Side::Upstream, false, number});
  };
  CHECK(word(Errc::ConnectFailed, ECONNREFUSED) == "connect_refused");
  CHECK(word(Errc::ConnectFailed, EHOSTUNREACH) == "connect_failed");
  CHECK(word(Errc::ConnectTimedOut) == "connect_timeout");
  CHECK(word(Errc::HandshakeTimedOut) == "tls_timeout");
  CHECK(word(Errc::HeadTimedOut) == "header_timeout");
  CHECK(word(Errc::PeerReset) == "upstream_reset");
  CHECK(word(Errc::BadMessage) == "upstream_malformed");
}

TEST_CASE("a client's mistakes are not called an upstream's") {
  CHECK(error_word(Error{Errc::BadMessage, Side::Downstream}) == "bad_request");
  CHECK(error_word(Error{Errc::TimedOut, Side::Downstream}) == "read_timeout");
  CHECK(error_word(Error{Errc::NoRoute, Side::Downstream}) == "no_route");
}
