#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "prox/tls/certificate.h"

namespace prox::tls {

// Which certificates answer to which name: those that have it, then those with a wildcard for its first label, the first of each key type
// in either. So RSA and ECDSA stand side by side, and the client's signature algorithms choose.
class CertStore {
 public:
  using Set = std::vector<std::size_t>;  // indices of certificates, each of another key type

  // At least one certificate. They are looked at, not kept.
  explicit CertStore(const std::vector<Certificate>& certificates);

  // Every set that a name leads to, once. The first belongs to the first certificate, and is for all other names.
  const std::vector<Set>& sets() const { return sets_; }
  // Index of the set for a name as a client sent it, in any case; 0 for one that nobody has.
  std::size_t find(std::string_view server_name) const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  Set set_for(std::string_view name, const std::vector<Certificate>& certificates) const;
  std::size_t add(Set set);

  std::vector<Set> sets_;
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>>
      by_name_;  // wildcards as "*.a.test"
};

}  // namespace prox::tls
