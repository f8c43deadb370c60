#include "prox/tls/cert_store.h"

#include <string>
#include <vector>

#include "catch.h"
#include "tls/pair.h"

namespace tls = prox::tls;
using prox::test::KeyKind;
using Set = tls::CertStore::Set;

namespace {

std::vector<tls::Certificate> certificates(
    const std::vector<std::pair<KeyKind, std::vector<std::string>>>& wanted) {
  std::vector<tls::Certificate> made;
  for (const auto& [kind, names] : wanted) {
    made.push_back(prox::test::make_certificate("", kind));
    made.back().names = names;
  }
  return made;
}

const Set& found(const tls::CertStore& store, const std::string& name) {
  return store.sets()[store.find(name)];
}

}  // namespace

TEST_CASE("a name leads to its certificate, then to a wildcard, then to the first") {
  const tls::CertStore store(certificates({{KeyKind::Ec, {"first.test"}},
                                           {KeyKind::Ec, {"*.a.test"}},
                                           {KeyKind::Ec, {"x.a.test", "z.test"}}}));
  CHECK(found(store, "x.a.test") == Set{2});
  CHECK(found(store, "X.A.TEST") == Set{2});
  CHECK(found(store, "z.test") == Set{2});
  CHECK(found(store, "x.a.test.") == Set{2});
  CHECK(found(store, "y.a.test") == Set{1});
  for (const std::string& name :
       std::vector<std::string>{"first.test", "", ".", "a.test", "x.a.test..", "q.y.a.test",
                                ".a.test", "other", std::string(300, 'a') + ".a.test"})
    CHECK(found(store, name) == Set{0});
}

TEST_CASE("certificates of different keys stand side by side, the first of each") {
  const tls::CertStore store(certificates({{KeyKind::Ec, {"a.test"}},
                                           {KeyKind::Rsa, {"a.test", "b.test"}},
                                           {KeyKind::Rsa, {"a.test"}}}));
  CHECK(found(store, "a.test") == Set{0, 1});
  CHECK(found(store, "b.test") == Set{1});
  CHECK(found(store, "unknown.test") == Set{0, 1});
}

TEST_CASE("a key type that a name lacks is filled in from a wildcard") {
  const tls::CertStore store(certificates(
      {{KeyKind::Ec, {"x.a.test"}}, {KeyKind::Rsa, {"*.a.test"}}, {KeyKind::Ec, {"*.a.test"}}}));
  CHECK(found(store, "x.a.test") == Set{0, 1});
  CHECK(found(store, "y.a.test") == Set{1, 2});
}

TEST_CASE("a first certificate without names is for all that nobody has") {
  const tls::CertStore store(certificates({{KeyKind::Ec, {}}, {KeyKind::Ec, {"a.test"}}}));
  CHECK(found(store, "b.test") == Set{0});
  CHECK(found(store, "a.test") == Set{1});
}
