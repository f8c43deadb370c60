#include "prox/http/framing.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "http/chars.h"

namespace prox::http {

using base::Errc;
using base::Side;
using base::Unexpected;

namespace {

using Kind = BodyFraming::Kind;

std::optional<std::uint64_t> parse_length(Slice digits) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (digits.empty()) return std::nullopt;
  std::uint64_t length = 0;
  for (const char c : digits) {
    if (!is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (length > (kMost - digit) / 10) return std::nullopt;
    length = length * 10 + digit;
  }
  return length;
}

// The transfer codings of a message, collected over all its Transfer-Encoding lines.
class Codings {
 public:
  // False if the line is malformed. Unlike elsewhere an empty member is: some read `,chunked` as no coding at all. So is
  // `chunked;q=1`: chunked has no parameters (RFC 9112 §7.1).
  bool add_line(Slice list) {
    while (true) {
      const std::size_t comma = list.find(',');
      if (!add(trim(list.substr(0, comma)))) return false;
      if (comma == Slice::npos) return true;
      list.remove_prefix(comma + 1);
    }
  }

  bool has_unknown() const { return has_unknown_; }

 private:
  bool add(Slice member) {
    // Another member behind chunked: it is repeated, or it is not last.
    if (has_chunked_) return false;
    const Slice name = trim(member.substr(0, member.find(';')));
    if (!is_token(name)) return false;
    if (!equal_ignoring_case(name, "chunked")) {
      has_unknown_ = true;
      return true;
    }
    has_chunked_ = true;
    return name.size() == member.size();
  }

  bool has_chunked_ = false;
  bool has_unknown_ = false;
};

// What the fields say, whatever the kind of message; `otherwise` if they say nothing.
Result<BodyFraming> framing_of(Version version, const Fields& fields, Side side, Kind otherwise) {
  std::optional<std::uint64_t> length;
  Codings codings;
  bool has_coding = false;
  for (const Field& field : fields) {
    if (field.id == FieldId::ContentLength) {
      if (length) return base::fail(Errc::BadMessage, side, "reading a second Content-Length");
      length = parse_length(field.value);
      if (!length) return base::fail(Errc::BadMessage, side, "reading a Content-Length");
    } else if (field.id == FieldId::TransferEncoding) {
      if (!codings.add_line(field.value))
        return base::fail(Errc::BadMessage, side, "reading a Transfer-Encoding");
      has_coding = true;
    }
  }
  if (!has_coding) return length ? BodyFraming{Kind::Length, *length} : BodyFraming{otherwise, 0};
  if (length)
    return base::fail(Errc::BadMessage, side, "reading both Content-Length and Transfer-Encoding");
  if (version != Version::Http11)
    return base::fail(Errc::BadMessage, side, "reading a Transfer-Encoding outside HTTP/1.1");
  if (codings.has_unknown())
    return base::fail(Errc::UnknownCoding, side, "reading a Transfer-Encoding");
  return BodyFraming{Kind::Chunked, 0};
}

}  // namespace

Result<BodyFraming> request_framing(const RequestHead& head) {
  return framing_of(head.version, head.fields, Side::Downstream, Kind::None);
}

Result<BodyFraming> response_framing(const ResponseHead& head, Method request_method) {
  // RFC 9112 §6.3: a tunnel begins right behind this head; the fields that speak of a body are ignored.
  if (request_method == Method::Connect && head.status >= 200 && head.status < 300)
    return BodyFraming{};
  Result<BodyFraming> framing =
      framing_of(head.version, head.fields, Side::Upstream, Kind::UntilClose);
  const bool is_bodiless = head.is_interim() || head.status == 204 || head.status == 304 ||
                           request_method == Method::Head;
  if (framing && is_bodiless) return BodyFraming{};
  return framing;
}

bool wants_keep_alive(Version version, const Fields& fields) {
  if (version == Version::Http2) return true;
  if (has_connection_option(fields, "close")) return false;
  return version == Version::Http11 || has_connection_option(fields, "keep-alive");
}

bool has_connection_option(const Fields& fields, Slice option) {
  return any_member(fields, FieldId::Connection,
                    [option](Slice member) { return equal_ignoring_case(member, option); });
}

}  // namespace prox::http
