#include "prox/tls/certificate.h"

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "tls/pem.h"
#include "tls/text.h"

namespace prox::tls {

namespace {

namespace fs = std::filesystem;

constexpr std::time_t kDay = 24 * 60 * 60;
constexpr std::time_t kSoon =
    14 * kDay;  // renewal has failed by now: most begins a month before the end

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

std::time_t to_time(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? ::timegm(&parts) : 0;
}

std::string date_of(std::time_t time) { return fmt::format("{:%Y-%m-%d}", fmt::gmtime(time)); }

std::vector<std::string> names_of(const X509& certificate) {
  std::vector<std::string> names;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> all(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type != GEN_DNS) continue;
    const ASN1_STRING* text = name->d.dNSName;
    names.push_back(lower_case({reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                static_cast<std::size_t>(ASN1_STRING_length(text))}));
  }
  return names;
}

// The part of an OCSP response that is about one certificate.
OCSP_SINGLERESP* find_single(OCSP_BASICRESP& response, const X509& certificate) {
  for (int i = 0; i < OCSP_resp_count(&response); ++i) {
    OCSP_SINGLERESP* single = OCSP_resp_get0(&response, i);
    ASN1_INTEGER* serial = nullptr;
    OCSP_id_get0_info(nullptr, nullptr, nullptr, &serial,
                      const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single)));
    if (ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(&certificate)) == 0) return single;
  }
  return nullptr;
}

class Loader {
 public:
  Loader(LoadedCertificates& into, std::time_t now) : into_(into), now_(now) {}

  void load_directory(const std::string& directory);
  void load_pair(const std::string& certificate, const std::string& key, const std::string& ocsp);

 private:
  void error(Problem::Of of, std::string file, std::string reason) {
    into_.problems.push_back({of, std::move(file), std::move(reason), false});
  }
  void warning(Problem::Of of, std::string file, std::string reason) {
    into_.problems.push_back({of, std::move(file), std::move(reason), true});
  }
  void warn_of_dates(const Certificate& certificate);
  void load_ocsp(const std::string& file, Certificate& certificate);

  LoadedCertificates& into_;
  std::time_t now_;
};

void Loader::load_directory(const std::string& directory) {
  into_.files.push_back(directory);
  std::error_code failed;
  std::vector<fs::path> found;
  for (fs::directory_iterator it(directory, failed), end; !failed && it != end;
       it.increment(failed)) {
    const std::string ending = lower_case(it->path().extension());
    const bool is_hidden = it->path().filename().string().starts_with('.');
    if (!is_hidden && (ending == ".crt" || ending == ".pem")) found.push_back(it->path());
  }
  if (failed) return error(Problem::Of::Certificate, directory, failed.message());
  if (found.empty())
    return error(Problem::Of::Certificate, directory,
                 "the directory holds no certificate (*.crt, *.pem)");
  std::sort(found.begin(), found.end());
  for (std::size_t i = 0; i < found.size(); ++i) {
    const fs::path& path = found[i];
    if (i > 0 && found[i - 1].stem() == path.stem()) {
      error(Problem::Of::Certificate, path,
            fmt::format("\"{}\" is there too: which of them belongs to the key?",
                        found[i - 1].filename().string()));
      continue;
    }
    fs::path key = path;
    key.replace_extension(".key");
    const bool has_key = fs::exists(key, failed);
    if (!has_key && lower_case(path.extension()) == ".crt") {
      error(Problem::Of::Key, path,
            fmt::format("its key \"{}\" is missing", key.filename().string()));
      continue;
    }
    load_pair(path, has_key ? key : path, {});
  }
}

// All three files are looked at, whatever is wrong with one of them.
void Loader::load_pair(const std::string& certificate_file, const std::string& key_file,
                       const std::string& ocsp_file) {
  into_.files.push_back(certificate_file);
  if (key_file != certificate_file) into_.files.push_back(key_file);
  auto chain = read_certificates(certificate_file);
  auto key = read_key(key_file);
  if (!chain) error(Problem::Of::Certificate, certificate_file, chain.error());
  if (!key && (chain || key_file != certificate_file)) {
    error(Problem::Of::Key, certificate_file,
          fmt::format("its key \"{}\": {}", key_file, key.error()));
  }
  if (!chain) return;

  Certificate certificate;
  certificate.file = certificate_file;
  certificate.leaf = std::move(chain->front());
  chain->erase(chain->begin());
  certificate.chain = std::move(*chain);
  certificate.names = names_of(*certificate.leaf);
  certificate.not_after = to_time(X509_get0_notAfter(certificate.leaf.get()));
  warn_of_dates(certificate);
  load_ocsp(ocsp_file, certificate);
  if (!key) return;
  certificate.key = std::move(*key);
  if (X509_check_private_key(certificate.leaf.get(), certificate.key.get()) != 1) {
    clear_errors();
    return error(Problem::Of::Key, certificate_file,
                 key_file == certificate_file
                     ? "its key belongs to another certificate"
                     : fmt::format("the key \"{}\" belongs to another one", key_file));
  }
  into_.certificates.push_back(std::move(certificate));
}

void Loader::warn_of_dates(const Certificate& certificate) {
  const std::time_t not_before = to_time(X509_get0_notBefore(certificate.leaf.get()));
  const std::time_t end = certificate.not_after;
  if (not_before > now_)
    warning(Problem::Of::Certificate, certificate.file,
            fmt::format("it is valid from {} on", date_of(not_before)));
  if (end <= now_) {
    warning(Problem::Of::Certificate, certificate.file,
            fmt::format("it has expired on {}", date_of(end)));
  } else if (end - now_ <= kSoon) {
    warning(Problem::Of::Certificate, certificate.file,
            fmt::format("it expires on {}", date_of(end)));
  }
}

void Loader::load_ocsp(const std::string& file, Certificate& certificate) {
  std::string path = file;
  if (path.empty()) {
    path = fs::path(certificate.file).replace_extension(".ocsp");
    std::error_code failed;
    if (!fs::exists(path, failed)) return;
  }
  into_.files.push_back(path);
  const auto bytes = read_bytes(path);
  if (!bytes)
    return error(Problem::Of::Ocsp, certificate.file,
                 fmt::format("its OCSP response \"{}\": {}", path, bytes.error()));
  const auto* der = reinterpret_cast<const unsigned char*>(bytes->data());
  const std::unique_ptr<OCSP_RESPONSE, decltype(&OCSP_RESPONSE_free)> response(
      d2i_OCSP_RESPONSE(nullptr, &der, static_cast<long>(bytes->size())), &OCSP_RESPONSE_free);
  if (!response || OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    clear_errors();
    return error(Problem::Of::Ocsp, certificate.file,
                 fmt::format("\"{}\" is no successful OCSP response (DER)", path));
  }
  const std::unique_ptr<OCSP_BASICRESP, decltype(&OCSP_BASICRESP_free)> basic(
      OCSP_response_get1_basic(response.get()), &OCSP_BASICRESP_free);
  OCSP_SINGLERESP* single = basic ? find_single(*basic, *certificate.leaf) : nullptr;
  if (single == nullptr) {
    clear_errors();
    return error(Problem::Of::Ocsp, certificate.file,
                 fmt::format("the OCSP response \"{}\" is about another one", path));
  }
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  OCSP_single_get0_status(single, nullptr, nullptr, nullptr, &next_update);
  certificate.ocsp_until = next_update != nullptr ? to_time(next_update) : 0;
  if (certificate.ocsp_until != 0 && certificate.ocsp_until <= now_) {
    return warning(Problem::Of::Ocsp, certificate.file,
                   fmt::format("its OCSP response \"{}\" has ended on {}, and is not stapled", path,
                               date_of(certificate.ocsp_until)));
  }
  certificate.ocsp = *bytes;
}

}  // namespace

bool LoadedCertificates::has_errors() const {
  return std::any_of(problems.begin(), problems.end(),
                     [](const Problem& p) { return !p.is_warning; });
}

LoadedCertificates load_certificates(const CertificateFiles& from, std::time_t now) {
  LoadedCertificates loaded;
  Loader loader(loaded, now);
  std::error_code failed;
  if (fs::is_directory(from.certificate, failed)) {
    loader.load_directory(from.certificate);
  } else {
    loader.load_pair(from.certificate, from.key, from.ocsp);
  }
  return loaded;
}

bool covers(const Certificate& certificate, std::string_view name) {
  const std::size_t dot = name.find('.');
  return std::any_of(certificate.names.begin(), certificate.names.end(),
                     [&](std::string_view known) {
                       if (known == name) return true;
                       return known.starts_with("*.") && dot != std::string_view::npos && dot > 0 &&
                              known.substr(1) == name.substr(dot);
                     });
}

}  // namespace prox::tls
