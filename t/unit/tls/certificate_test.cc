#include "prox/tls/certificate.h"

#include <fstream>
#include <string>
#include <vector>

#include "catch.h"
#include "tls/pair.h"

namespace tls = prox::tls;
using prox::test::KeyKind;
using prox::test::make_certificate;
using prox::test::TemporaryDirectory;
using prox::test::write_pair;
using prox::test::write_pem;

namespace {

constexpr long kDay = 24 * 3600;

// "name: reason" of every problem, without the directory.
std::vector<std::string> problems_of(const tls::LoadedCertificates& loaded,
                                     const TemporaryDirectory& directory) {
  std::vector<std::string> lines;
  for (const tls::Problem& problem : loaded.problems) {
    std::string line = problem.file + ": " + problem.reason;
    for (std::size_t at = line.find(directory.path()); at != std::string::npos;
         at = line.find(directory.path()))
      line.erase(at, directory.path().size() +
                         (line.substr(at + directory.path().size(), 1) == "/" ? 1 : 0));
    lines.push_back((problem.is_warning ? "warning " : "") + line);
  }
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a pair is read with its names in lower case") {
  const TemporaryDirectory directory;
  write_pair(directory, "a", make_certificate("DNS:A.Test,DNS:*.b.test,IP:127.0.0.1"));
  const auto loaded =
      tls::load_certificates({directory / "a.crt", directory / "a.key", {}}, std::time(nullptr));
  CHECK(problems_of(loaded, directory).empty());
  REQUIRE(loaded.certificates.size() == 1);
  CHECK(loaded.certificates[0].names == Lines{"a.test", "*.b.test"});
  CHECK(loaded.files == Lines{directory / "a.crt", directory / "a.key"});
}

TEST_CASE("what follows the certificate in its file is its chain") {
  const TemporaryDirectory directory;
  const auto leaf = make_certificate("DNS:a.test");
  const auto issuer = make_certificate("");
  write_pair(directory, "a", leaf);
  write_pem(directory / "b.crt", &issuer, nullptr);
  std::ofstream(directory / "a.crt", std::ios::app) << std::ifstream(directory / "b.crt").rdbuf();
  const auto loaded =
      tls::load_certificates({directory / "a.crt", directory / "a.key", {}}, std::time(nullptr));
  REQUIRE(loaded.certificates.size() == 1);
  CHECK(loaded.certificates[0].chain.size() == 1);
}

TEST_CASE("a directory's pairs come by file name, without what is hidden or no certificate") {
  const TemporaryDirectory directory;
  const auto certificate = make_certificate("DNS:a.test");
  write_pair(directory, "b", make_certificate("DNS:b.test"));
  write_pair(directory, ".hidden", certificate);
  write_pem(directory / "a.PEM", &certificate, &certificate);
  std::ofstream(directory / "readme.txt") << "x";
  const auto loaded = tls::load_certificates({directory.path(), {}, {}}, std::time(nullptr));
  CHECK(problems_of(loaded, directory).empty());
  REQUIRE(loaded.certificates.size() == 2);
  CHECK(loaded.certificates[0].names == Lines{"a.test"});
  CHECK(loaded.certificates[1].names == Lines{"b.test"});
}

TEST_CASE("all that is wrong in a directory is told at once") {
  const TemporaryDirectory directory;
  const auto certificate = make_certificate("DNS:a.test");
  write_pem(directory / "alone.crt", &certificate, nullptr);
  write_pem(directory / "keyless.pem", &certificate, nullptr);
  write_pair(directory, "twice", certificate);
  write_pem(directory / "twice.pem", &certificate, nullptr);
  const auto loaded = tls::load_certificates({directory.path(), {}, {}}, std::time(nullptr));
  CHECK(loaded.has_errors());
  CHECK(problems_of(loaded, directory) ==
        Lines{"alone.crt: its key \"alone.key\" is missing",
              "keyless.pem: its key \"keyless.pem\": it holds no private key",
              "twice.pem: \"twice.crt\" is there too: which of them belongs to the key?"});
}

TEST_CASE("a pair that does not belong together, or is not there, is refused with its reason") {
  const TemporaryDirectory directory;
  const auto certificate = make_certificate("DNS:a.test");
  const auto other = make_certificate("DNS:a.test");
  write_pair(directory, "a", certificate);
  write_pair(directory, "b", other);
  std::ofstream(directory / "empty") << "";
  struct Row {
    std::string certificate;
    std::string key;
    std::string problem;
  };
  for (const Row& row :
       {Row{"a.crt", "b.key", "a.crt: the key \"b.key\" belongs to another one"},
        Row{"c.crt", "b.key", "c.crt: No such file or directory"},
        Row{"a.crt", "c.key", "a.crt: its key \"c.key\": No such file or directory"},
        Row{"empty", "a.key", "empty: it holds no certificate"},
        Row{"a.key", "a.key", "a.key: it holds no certificate"},
        Row{"a.crt", "empty", "a.crt: its key \"empty\": it holds no private key"},
        Row{"a.crt", "", "a.crt: its key \"\": it is not a regular file"}}) {
    const auto loaded = tls::load_certificates(
        {directory / row.certificate, directory / row.key, {}}, std::time(nullptr));
    CHECK(loaded.certificates.empty());
    CHECK(problems_of(loaded, directory) == Lines{row.problem});
  }
}

TEST_CASE("certificates near their end are warned of, and used") {
  const TemporaryDirectory directory;
  struct Row {
    long seconds;
    std::string warning;  // begins with
  };
  for (const Row& row : {Row{-kDay, "warning a.crt: it has expired on 20"},
                         Row{13 * kDay, "warning a.crt: it expires on 20"}, Row{15 * kDay, ""}}) {
    write_pair(directory, "a", make_certificate("DNS:a.test", KeyKind::Ec, row.seconds));
    const auto loaded =
        tls::load_certificates({directory / "a.crt", directory / "a.key", {}}, std::time(nullptr));
    CHECK_FALSE(loaded.has_errors());
    CHECK(loaded.certificates.size() == 1);
    const Lines lines = problems_of(loaded, directory);
    CAPTURE(row.seconds, lines);
    CHECK((row.warning.empty() ? lines.empty()
                               : lines.size() == 1 && lines[0].starts_with(row.warning)));
  }
}

TEST_CASE("a wildcard covers one label") {
  tls::Certificate certificate;
  certificate.names = {"a.test", "*.b.test"};
  for (const char* name : {"a.test", "x.b.test", "*.b.test"}) CHECK(tls::covers(certificate, name));
  for (const char* name : {"x.a.test", "b.test", "y.x.b.test", ".b.test", "", "c.test"})
    CHECK_FALSE(tls::covers(certificate, name));
}
