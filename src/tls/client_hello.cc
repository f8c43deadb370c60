#include "prox/tls/client_hello.h"

#include <cstdint>
#include <utility>

namespace prox::tls {

namespace {

using base::Errc;
using base::Side;

constexpr std::size_t kRecordHeader = 5;  // type, version, length (RFC 8446 §5.1)
constexpr char kMajorVersion = 3;
constexpr std::size_t kMaxRecord = 16 * 1024;
constexpr std::size_t kMessageHeader = 4;  // type, length (§4)
constexpr char kClientHelloMessage = 1;
constexpr std::size_t kRandom = 32;
// The shortest message there can be: version, random, an empty session id, one cipher suite, one compression method.
constexpr std::size_t kMinMessage = kMessageHeader + 2 + kRandom + 1 + 2 + 2 + 1 + 1;
constexpr std::uint32_t kServerName = 0;
constexpr std::uint32_t kProtocols = 16;
constexpr std::size_t kMaxName = 255;  // of a domain name (RFC 1035 §2.3.4)

base::Unexpected malformed(std::string_view context) {
  return base::fail(Errc::BadMessage, Side::Downstream, context);
}

// Takes numbers and vectors off the front of some bytes. What is not there fails it for good: it then gives zeroes and nothing more.
class Reader {
 public:
  explicit Reader(Slice bytes) : rest_(bytes) {}

  std::uint32_t number(std::size_t bytes) {
    std::uint32_t value = 0;
    for (const char c : take(bytes)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  // A vector behind its length, which is a number of that many bytes (§3.4).
  Slice vector(std::size_t length_bytes) { return take(number(length_bytes)); }
  Slice take(std::size_t bytes) {
    if (bytes > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const Slice taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }
  bool has_more() const { return !rest_.empty(); }
  // Everything was there, and nothing is left over.
  bool is_spent() const { return !failed_ && rest_.empty(); }
  bool has_failed() const { return failed_; }

 private:
  Slice rest_;
  bool failed_ = false;
};

// A list of one name: the types beside host_name that RFC 6066 leaves room for were never defined, and OpenSSL takes no second name.
bool read_server_name(Slice extension, Slice& name) {
  Reader outer(extension);
  Reader list(outer.vector(2));
  const bool is_host_name = list.number(1) == 0;
  name = list.vector(2);
  return outer.is_spent() && list.is_spent() && is_host_name && name.size() <= kMaxName &&
         name.find('\0') == Slice::npos;
}

bool read_protocols(Slice extension, std::vector<Slice>& protocols) {
  Reader outer(extension);
  Reader list(outer.vector(2));
  if (!outer.is_spent() || !list.has_more()) return false;
  while (list.has_more()) {
    protocols.push_back(list.vector(1));
    if (protocols.back().empty()) return false;
  }
  return list.is_spent();
}

bool read_extensions(Slice extensions, ClientHello& hello) {
  bool has_name = false;
  bool has_protocols = false;
  Reader reader(extensions);
  while (reader.has_more()) {
    const std::uint32_t type = reader.number(2);
    const Slice extension = reader.vector(2);
    if (reader.has_failed()) return false;
    // No extension may come twice (§4.2): whoever looked at the other one would see another name.
    if (type == kServerName &&
        (std::exchange(has_name, true) || !read_server_name(extension, hello.server_name)))
      return false;
    if (type == kProtocols &&
        (std::exchange(has_protocols, true) || !read_protocols(extension, hello.protocols)))
      return false;
  }
  return true;
}

// legacy_version says nothing (§4.1.2); suites and methods are the handshake's to choose from.
bool read_hello(Slice message, ClientHello& hello) {
  Reader reader(message.substr(kMessageHeader));
  reader.take(2 + kRandom);
  const Slice session_id = reader.vector(1);
  const Slice cipher_suites = reader.vector(2);
  const Slice compression = reader.vector(1);
  if (session_id.size() > 32 || cipher_suites.empty() || cipher_suites.size() % 2 != 0 ||
      compression.empty())
    return false;
  if (!reader.has_more()) return reader.is_spent();  // before TLS 1.3 there need be no extensions
  const Slice extensions = reader.vector(2);
  return reader.is_spent() && read_extensions(extensions, hello);
}

// One record as far as it has come.
struct Record {
  Slice fragment;
  std::size_t header_missing = 0;
  std::size_t fragment_missing = 0;
};

Result<Record> take_record(Slice& rest) {
  if (!rest.empty() && rest[0] != ClientHelloParser::kHandshakeRecord)
    return malformed("looking for a handshake");
  if (rest.size() > 1 && rest[1] != kMajorVersion) return malformed("reading a TLS version");
  if (rest.size() < kRecordHeader) return Record{{}, kRecordHeader - rest.size(), 0};
  const std::size_t length = Reader(rest.substr(3)).number(2);
  // A handshake message is never cut into empty records (§5.1).
  if (length == 0 || length > kMaxRecord) return malformed("reading the length of a TLS record");
  const Slice fragment = rest.substr(kRecordHeader, length);
  rest.remove_prefix(kRecordHeader + fragment.size());
  return Record{fragment, 0, length - fragment.size()};
}

// What the whole message takes, or what it takes at least while its header has not come.
Result<std::size_t> size_of(Slice message) {
  if (!message.empty() && message[0] != kClientHelloMessage)
    return malformed("looking for a ClientHello");
  if (message.size() < kMessageHeader) return kMinMessage;
  const std::size_t size = kMessageHeader + Reader(message.substr(1)).number(3);
  if (size < kMinMessage || size > ClientHelloParser::kMaxHelloBytes)
    return malformed("reading the length of a ClientHello");
  return size;
}

Result<std::size_t> within_limit(Slice bytes, std::size_t missing) {
  if (bytes.size() + missing > ClientHelloParser::kMaxBytes)
    return malformed("joining the records of a ClientHello");
  return missing;
}

}  // namespace

Result<std::size_t> ClientHelloParser::parse(Slice bytes) {
  hello_.server_name = {};
  hello_.protocols.clear();
  message_ = {};
  joined_.clear();
  Slice rest = bytes.substr(0, kMaxBytes);
  while (true) {
    const Result<Record> record = take_record(rest);
    if (!record) return base::Unexpected{record.error()};
    append(record->fragment);
    const Result<std::size_t> whole = size_of(message_);
    if (!whole) return whole;
    if (message_.size() >= *whole) {
      if (!read_hello(message_.substr(0, *whole), hello_))
        return malformed("reading a ClientHello");
      return std::size_t{0};
    }
    const std::size_t left = *whole - message_.size();
    if (record->header_missing > 0) return within_limit(bytes, record->header_missing + left);
    if (record->fragment_missing >= left) return within_limit(bytes, left);
    if (record->fragment_missing > 0) return within_limit(bytes, left + kRecordHeader);
  }
}

// Most hellos lie in one record, and are read where they are.
void ClientHelloParser::append(Slice fragment) {
  if (message_.empty()) {
    message_ = fragment;
    return;
  }
  if (joined_.empty()) joined_ = message_;
  joined_ += fragment;
  message_ = joined_;
}

}  // namespace prox::tls
