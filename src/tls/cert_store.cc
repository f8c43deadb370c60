#include "prox/tls/cert_store.h"

#include <openssl/evp.h>

#include <algorithm>
#include <utility>

#include "prox/base/assert.h"

namespace prox::tls {

namespace {

constexpr std::size_t kLongestName = 255;  // RFC 1035 §2.3.4

int key_type(const Certificate& certificate) { return EVP_PKEY_get_base_id(certificate.key.get()); }

bool has_name(const Certificate& certificate, std::string_view name) {
  return std::find(certificate.names.begin(), certificate.names.end(), name) !=
         certificate.names.end();
}

// "*.test" for "a.test"; empty if there is no label to replace.
std::string wildcard_for(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos || dot == 0 || name.front() == '*') return {};
  return "*" + std::string(name.substr(dot));
}

}  // namespace

CertStore::CertStore(const std::vector<Certificate>& certificates) {
  PROX_ASSERT(!certificates.empty());
  const std::vector<std::string>& first = certificates.front().names;
  add(first.empty() ? Set{0} : set_for(first.front(), certificates));
  for (const Certificate& certificate : certificates) {
    for (const std::string& name : certificate.names) {
      if (!by_name_.contains(name)) by_name_.emplace(name, add(set_for(name, certificates)));
    }
  }
}

CertStore::Set CertStore::set_for(std::string_view name,
                                  const std::vector<Certificate>& certificates) const {
  Set set;
  const auto add_those_with = [&](std::string_view wanted) {
    for (std::size_t i = 0; i < certificates.size(); ++i) {
      const auto is_same_type = [&](std::size_t other) {
        return key_type(certificates[other]) == key_type(certificates[i]);
      };
      if (has_name(certificates[i], wanted) && std::none_of(set.begin(), set.end(), is_same_type))
        set.push_back(i);
    }
  };
  add_those_with(name);
  if (const std::string wildcard = wildcard_for(name); !wildcard.empty()) add_those_with(wildcard);
  return set;
}

std::size_t CertStore::add(Set set) {
  std::sort(set.begin(), set.end());
  const auto known = std::find(sets_.begin(), sets_.end(), set);
  if (known != sets_.end()) return static_cast<std::size_t>(known - sets_.begin());
  sets_.push_back(std::move(set));
  return sets_.size() - 1;
}

std::size_t CertStore::find(std::string_view server_name) const {
  char lower[kLongestName + 1];
  if (server_name.ends_with('.')) server_name.remove_suffix(1);  // as routes by SNI have it
  if (server_name.empty() || server_name.size() > kLongestName) return 0;
  lower[0] = '*';  // where a wildcard's name begins, when the first label is taken away
  std::transform(server_name.begin(), server_name.end(), lower + 1,
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const std::string_view name(lower + 1, server_name.size());
  if (const auto exact = by_name_.find(name); exact != by_name_.end()) return exact->second;
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos || dot == 0) return 0;
  lower[dot] = '*';
  const auto wildcard = by_name_.find(std::string_view(lower + dot, name.size() - dot + 1));
  return wildcard != by_name_.end() ? wildcard->second : 0;
}

}  // namespace prox::tls
