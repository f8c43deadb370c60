#include "tls/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include "tls/text.h"

namespace prox::tls {

namespace {

using tl::unexpected;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

// Only what ends by itself: reading a fifo would wait for ever.
tl::expected<File, std::string> open_file(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) == -1) return unexpected(std::string(std::strerror(errno)));
  if (!S_ISREG(found.st_mode)) return unexpected(std::string("it is not a regular file"));
  File file(std::fopen(path.c_str(), "re"));
  if (!file) return unexpected(std::string(std::strerror(errno)));
  return file;
}

// Keys go through OpenSSL's decoders, which have another word for it.
bool found_no_begin_line() {
  const unsigned long error = ERR_peek_last_error();
  return (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE) ||
         (ERR_GET_LIB(error) == ERR_LIB_OSSL_DECODER && ERR_GET_REASON(error) == ERR_R_UNSUPPORTED);
}

// Called when a key is encrypted. Nobody sits at a server's terminal.
int refuse_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

}  // namespace

tl::expected<std::vector<X509Ptr>, std::string> read_certificates(const std::string& path) {
  const auto file = open_file(path);
  if (!file) return unexpected(file.error());
  clear_errors();
  std::vector<X509Ptr> all;
  while (X509* next = PEM_read_X509(file->get(), nullptr, nullptr, nullptr)) all.emplace_back(next);
  if (!found_no_begin_line())
    return unexpected("it cannot be parsed: " + std::string(reason_of_last_error()));
  clear_errors();
  if (all.empty()) return unexpected(std::string("it holds no certificate"));
  return all;
}

tl::expected<KeyPtr, std::string> read_key(const std::string& path) {
  const auto file = open_file(path);
  if (!file) return unexpected(file.error());
  // What goes through here should not stay in freed memory.
  std::setvbuf(file->get(), nullptr, _IONBF, 0);
  clear_errors();
  bool is_encrypted = false;
  KeyPtr key(PEM_read_PrivateKey(file->get(), nullptr, &refuse_passphrase, &is_encrypted));
  if (key) return key;
  if (is_encrypted) {
    clear_errors();
    return unexpected(
        std::string("it is protected by a passphrase, which nobody is there to enter"));
  }
  if (found_no_begin_line()) {
    clear_errors();
    return unexpected(std::string("it holds no private key"));
  }
  return unexpected("it cannot be parsed: " + std::string(reason_of_last_error()));
}

tl::expected<std::string, std::string> read_bytes(const std::string& path) {
  const auto file = open_file(path);
  if (!file) return unexpected(file.error());
  std::string bytes;
  char part[4096];
  while (const std::size_t n = std::fread(part, 1, sizeof part, file->get())) bytes.append(part, n);
  if (std::ferror(file->get()) != 0) return unexpected(std::string(std::strerror(errno)));
  return bytes;
}

}  // namespace prox::tls
