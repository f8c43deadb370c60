#include "prox/http/h1_parser.h"

#include <algorithm>
#include <type_traits>

#include "http/chars.h"
#include "http/field_line.h"
#include "prox/http/host.h"

namespace prox::http {

using base::Errc;
using base::Side;
using base::Unexpected;

namespace {

constexpr std::size_t kCrlfBytes = 2;
constexpr std::ptrdiff_t kVersionBytes = 8;

// Shifts slices after the caller has moved the bytes. What lies elsewhere (an implied "/") stays. Addresses are compared as
// numbers, since the old place may be gone.
class Relocation {
 public:
  Relocation(const char* from, std::size_t bytes, const char* to)
      : from_(reinterpret_cast<std::uintptr_t>(from)), bytes_(bytes), to_(to) {}

  void operator()(Slice& slice) const {
    const std::uintptr_t offset = reinterpret_cast<std::uintptr_t>(slice.data()) - from_;
    if (offset < bytes_) slice = Slice(to_ + offset, slice.size());
  }

 private:
  std::uintptr_t from_;
  std::size_t bytes_;
  const char* to_;
};

void move_start_line(const Relocation& move, RequestHead& head) {
  for (Slice* slice :
       {&head.method_text, &head.target, &head.scheme, &head.authority, &head.path, &head.query})
    move(*slice);
}

void move_start_line(const Relocation& move, ResponseHead& head) { move(head.reason); }

bool is_scheme(Slice text) {
  auto is_letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
         });
}

}  // namespace

Result<H1Parser::Progress> H1Parser::parse_request(Slice bytes, RequestHead& head) {
  return parse(bytes, head);
}

Result<H1Parser::Progress> H1Parser::parse_response(Slice bytes, ResponseHead& head) {
  return parse(bytes, head);
}

void H1Parser::reset() { *this = H1Parser(side_, limits_); }

// The steps that have one caller each are inlined: as calls they were a tenth of a parse.
template <typename Head>
Result<H1Parser::Progress> H1Parser::parse(Slice bytes, Head& head) {
  if (bytes.empty()) return Progress::NeedMore;
  if (base_ != bytes.data()) take_up(bytes, head);
  // What lies above the limit is not looked at, so that the result does not hang on how much has come.
  bytes = bytes.substr(0, limits_.max_head_bytes);

  if (stage_ != Stage::Fields) {
    const Result<Progress> progress = read_first_line(bytes, head);
    if (!progress || *progress == Progress::NeedMore) return progress;
  }
  const Result<Progress> progress = read_fields(bytes, head.fields);
  if constexpr (std::is_same_v<Head, RequestHead>) {
    if (progress && *progress == Progress::Done) return choose_host(head);
  }
  return progress;
}

// The first bytes of a message, or known ones in a new place.
template <typename Head>
void H1Parser::take_up(Slice bytes, Head& head) {
  if (base_ == nullptr) {
    head.clear();
  } else {
    const Relocation move(base_, position_, bytes.data());
    move_start_line(move, head);
    for (Field& field : head.fields) {
      move(field.name);
      move(field.value);
    }
  }
  base_ = bytes.data();
}

template <typename Head>
[[gnu::always_inline]] inline Result<H1Parser::Progress> H1Parser::read_first_line(Slice bytes,
                                                                                   Head& head) {
  if (stage_ == Stage::Blank && !skip_blank_line(bytes))
    return refuse(Errc::BadMessage, "reading an empty line");
  if (stage_ == Stage::Blank || position_ == bytes.size()) return wait_for_line_end(bytes);
  started_ = true;
  // A TLS hello or other noise may never send a line end to be judged by.
  if (!is_in(kTokenChar, bytes[position_])) return refuse(Errc::BadMessage, "reading a start line");
  if (is_known_to_go_on(bytes)) return wait_for_line_end(bytes);

  const char* const line = bytes.data() + position_;
  const Result<const char*> next = read_start_line(line, bytes.data() + bytes.size(), head);
  const std::size_t lf =
      next ? static_cast<std::size_t>(*next - bytes.data()) - 1 : bytes.find('\n', position_);
  if (is_too_long(bytes.substr(position_, lf - position_)))
    return refuse(Errc::UriTooLong, "reading a request line");
  if (lf == Slice::npos) return wait_for_line_end(bytes);
  if (!next) return Unexpected{next.error()};
  position_ = lf + 1;
  stage_ = Stage::Fields;
  return Progress::Done;
}

// RFC 9112 §2.2: clients exist that send a CRLF too many behind a body. One is skipped before a request, when it is there as a
// whole. False for a lone CR.
bool H1Parser::skip_blank_line(Slice bytes) {
  const bool has_cr = side_ == Side::Downstream && bytes.starts_with('\r');
  if (bytes.size() < (has_cr ? kCrlfBytes : 1)) return true;
  if (has_cr && bytes[1] != '\n') return false;
  position_ = has_cr ? kCrlfBytes : 0;
  stage_ = Stage::StartLine;
  return true;
}

// Whether the line at position_ has been looked at before and still has no end. A line is tried as soon as it begins, and
// once more when its LF has come: so each is read three times at most, however small the pieces are.
bool H1Parser::is_known_to_go_on(Slice bytes) const {
  return scanned_ > position_ && bytes.find('\n', scanned_) == Slice::npos;
}

bool H1Parser::is_too_long(Slice line) const {
  if (side_ == Side::Upstream || stage_ == Stage::Fields) return false;
  return line.size() - (line.ends_with('\r') ? 1 : 0) > limits_.max_uri_bytes;
}

// The line at position_ goes on behind the bytes that have come.
Result<H1Parser::Progress> H1Parser::wait_for_line_end(Slice bytes) {
  scanned_ = bytes.size();
  const bool is_full = bytes.size() >= limits_.max_head_bytes;
  if (is_too_long(bytes.substr(position_)))
    return refuse(Errc::UriTooLong, "reading a request line");
  if (!is_full) return Progress::NeedMore;
  const bool is_request_line = side_ == Side::Downstream && stage_ != Stage::Fields;
  return refuse(is_request_line ? Errc::UriTooLong : Errc::HeadTooLarge, "reading a message head");
}

[[gnu::always_inline]] inline Result<H1Parser::Progress> H1Parser::read_fields(Slice bytes,
                                                                               Fields& fields) {
  if (is_known_to_go_on(bytes)) return wait_for_line_end(bytes);
  const char* const end = bytes.data() + bytes.size();
  const char* line = bytes.data() + position_;
  while (end - line < 2 || line[0] != '\r' || line[1] != '\n') {
    Field field;
    const char* const next = parse_field_line(line, end, field);
    position_ = static_cast<std::size_t>(line - bytes.data());
    if (next == nullptr) {
      if (bytes.find('\n', position_) == Slice::npos) return wait_for_line_end(bytes);
      return refuse(Errc::BadMessage, "reading a field line");
    }
    if (fields.size() >= limits_.max_fields) return refuse(Errc::HeadTooLarge, "counting fields");
    if (field.id == FieldId::Host && side_ == Side::Downstream &&
        !may_be_host(field.value, fields)) {
      return refuse(Errc::BadMessage, "reading the Host field");
    }
    fields.add(field.name, field.value, field.id);
    line = next;
  }
  position_ = static_cast<std::size_t>(line - bytes.data()) + kCrlfBytes;
  return Progress::Done;
}

// RFC 9112 §3. Like its sibling below returns what follows the CRLF, and changes the head only if the line is sound and whole;
// an error may also mean that it goes on.
[[gnu::always_inline]] inline Result<const char*> H1Parser::read_start_line(
    const char* line, const char* end, RequestHead& head) const {
  const char* const method_end = skip_few<kTokenChar>(line, end);
  if (method_end == end || *method_end != ' ') return refuse(Errc::BadMessage, "reading a method");
  const char* const target = method_end + 1;
  const char* const path_end = skip<kPathChar>(target, end);
  const char* target_end = path_end;
  if (path_end != end && *path_end == '?') target_end = skip<kTargetChar>(path_end, end);
  if (target_end == target || target_end == end || *target_end != ' ') {
    return refuse(Errc::BadMessage, "reading a request target");
  }
  const char* const version_end = target_end + 1 + kVersionBytes;
  if (end - target_end < kVersionBytes + 3 || version_end[0] != '\r' || version_end[1] != '\n') {
    return refuse(Errc::BadMessage, "reading the end of a request line");
  }
  const Result<Version> version = read_version(slice_between(target_end + 1, version_end));
  if (!version) return Unexpected{version.error()};
  head.version = *version;
  head.method_text = slice_between(line, method_end);
  head.method = parse_method(head.method_text);
  head.target = slice_between(target, target_end);
  head.path = slice_between(target, path_end);
  if (path_end != target_end) {
    head.has_query = true;
    head.query = slice_between(path_end + 1, target_end);
  }
  if (*target != '/' || head.method == Method::Connect) {
    const Result<void> read = read_special_target(head);
    if (!read) return Unexpected{read.error()};
  }
  return version_end + kCrlfBytes;
}

// RFC 9112 §4. Servers are seen that leave out the reason, some of them with the space before it.
[[gnu::always_inline]] inline Result<const char*> H1Parser::read_start_line(
    const char* line, const char* end, ResponseHead& head) const {
  const char* const line_end = skip<kTextChar>(line, end);
  if (end - line_end < 2 || line_end[0] != '\r' || line_end[1] != '\n') {
    return refuse(Errc::BadMessage, "reading the end of a status line");
  }
  if (line_end - line < kVersionBytes + 4 || line[kVersionBytes] != ' ') {
    return refuse(Errc::BadMessage, "reading a status line");
  }
  const Result<Version> version = read_version(Slice(line, kVersionBytes));
  if (!version) return Unexpected{version.error()};

  const char* const status = line + kVersionBytes + 1;
  const char* const reason = status + 3;
  const bool is_digits = is_digit(status[0]) && is_digit(status[1]) && is_digit(status[2]);
  if (!is_digits || status[0] < '1' || status[0] > '5' || (reason != line_end && *reason != ' ')) {
    return refuse(Errc::BadMessage, "reading a status");
  }
  head.version = *version;
  head.status = (status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0');
  if (reason != line_end) head.reason = slice_between(reason + 1, line_end);
  return line_end + kCrlfBytes;
}

// RFC 9112 §2.3. A minor version above 1 does not exist; what its sender would mean by it is not known.
Result<Version> H1Parser::read_version(Slice word) const {
  if (word == "HTTP/1.1") return Version::Http11;
  if (word == "HTTP/1.0") return Version::Http10;
  const bool well_formed =
      word.starts_with("HTTP/") && is_digit(word[5]) && word[6] == '.' && is_digit(word[7]);
  return refuse(well_formed ? Errc::BadVersion : Errc::BadMessage, "reading an HTTP version");
}

// RFC 9112 §3.2: the forms other than origin-form.
Result<void> H1Parser::read_special_target(RequestHead& head) const {
  if (head.method == Method::Connect) {
    const std::size_t port_at = without_port(head.target).size() + 1;
    if (port_at >= head.target.size() || !is_valid_host(head.target)) {
      return refuse(Errc::BadMessage, "reading the target of a CONNECT");
    }
    head.form = TargetForm::Authority;
    head.authority = head.target;
    head.path = {};
    return {};
  }
  if (head.target == "*" && head.method == Method::Options) {
    head.form = TargetForm::Asterisk;
    return {};
  }
  return read_absolute_target(head);
}

// `scheme://authority/path`, where read_start_line has already cut the query off.
Result<void> H1Parser::read_absolute_target(RequestHead& head) const {
  const std::size_t colon = head.path.find("://");
  if (colon == Slice::npos || !is_scheme(head.path.substr(0, colon))) {
    return refuse(Errc::BadMessage, "reading a request target");
  }
  const Slice rest = head.path.substr(colon + 3);
  const std::size_t slash = rest.find('/');
  const Slice authority = rest.substr(0, slash);
  if (authority.empty() || !is_valid_host(authority))
    return refuse(Errc::BadMessage, "reading the authority of a target");
  head.form = TargetForm::Absolute;
  head.scheme = head.path.substr(0, colon);
  head.authority = authority;
  head.path = slash == Slice::npos ? Slice("/") : rest.substr(slash);
  return {};
}

// RFC 9112 §3.2: two Hosts, or one that is none, could name one server to us and another to those behind us.
bool H1Parser::may_be_host(Slice value, const Fields& earlier) {
  return earlier.find(FieldId::Host) == nullptr && is_valid_host(value);
}

[[gnu::always_inline]] inline Result<H1Parser::Progress> H1Parser::choose_host(
    RequestHead& head) const {
  const Field* host = head.fields.find(FieldId::Host);
  if (host == nullptr && head.version == Version::Http11) {
    return refuse(Errc::BadMessage, "looking for the Host field");
  }
  if (!head.authority.empty()) {
    head.host = head.authority;
  } else if (host != nullptr) {
    head.host = host->value;
  }
  return Progress::Done;
}

}  // namespace prox::http
