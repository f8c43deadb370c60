#pragma once

#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "prox/tls/handles.h"

// PEM and DER files. The error of each is the reason as people read it.
namespace prox::tls {

// All certificates of a file, at least one.
tl::expected<std::vector<X509Ptr>, std::string> read_certificates(const std::string& path);
// Never asks for a passphrase.
tl::expected<KeyPtr, std::string> read_key(const std::string& path);
tl::expected<std::string, std::string> read_bytes(const std::string& path);

}  // namespace prox::tls
