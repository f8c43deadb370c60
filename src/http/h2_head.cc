#include "prox/http/h2_head.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "http/chars.h"
#include "prox/http/host.h"

namespace prox::http {

using base::Errc;
using base::Side;

namespace {

constexpr std::size_t kFieldOverhead = 32;  // RFC 9113 §6.5.2
constexpr std::size_t kMostTrailerBytes = 8192;
constexpr Slice kCrumbSeparator = "; ";

bool is_cookie(Slice name) { return name == "cookie"; }

}  // namespace

void H2HeadReader::start(base::BlockPool& pool, const HeadLimits& limits, Side side,
                         Fields& fields) {
  pool_ = &pool;
  fields_ = &fields;
  limits_ = limits;
  side_ = side;
  block_ = pool.take(base::BlockPool::kSmall);
  used_ = 0;
  list_bytes_ = 0;
  cookies_ = 0;
  too_many_ = false;
  pseudo_ = {};
  fields.clear();
}

void H2HeadReader::add(Slice name, Slice value) {
  list_bytes_ += name.size() + value.size() + kFieldOverhead;
  if (list_bytes_ > limits_.max_head_bytes || too_many_) return;
  if (name.starts_with(':')) return add_pseudo(name, value);
  // Crumbs of one Cookie (RFC 9113 §8.2.3) count as the one field that they become.
  if (is_cookie(name)) ++cookies_;
  const std::size_t spare_crumbs = cookies_ > 0 ? cookies_ - 1 : 0;
  too_many_ = fields_->size() - spare_crumbs >= limits_.max_fields;
  if (too_many_) return;
  const Slice kept_name = keep(name);
  const std::size_t name_at = static_cast<std::size_t>(kept_name.data() - block_.data());
  const Slice kept_value = keep(value);
  fields_->add({block_.data() + name_at, name.size()}, kept_value, recognise(name));
}

void H2HeadReader::add_pseudo(Slice name, Slice value) {
  const Slice kept = keep(value);
  if (name == ":method") {
    pseudo_.method = kept;
  } else if (name == ":path") {
    pseudo_.path = kept;
  } else if (name == ":scheme") {
    pseudo_.scheme = kept;
  } else if (name == ":authority") {
    pseudo_.authority = kept;
    pseudo_.has_authority = true;
  } else if (name == ":protocol") {
    pseudo_.protocol = kept;
  } else if (name == ":status") {
    pseudo_.status = kept;
  }
}

// Copies the text into the block; slices given out before may move with it.
Slice H2HeadReader::keep(Slice text) {
  if (block_.capacity() - used_ < text.size()) grow(text.size());
  char* const at = block_.data() + used_;
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  used_ += text.size();
  return {at, text.size()};
}

// Moves to a block with room for `bytes` more.
void H2HeadReader::grow(std::size_t bytes) {
  base::BlockRef larger = pool_->take(std::max(2 * block_.capacity(), used_ + bytes));
  std::memcpy(larger.data(), block_.data(), used_);
  auto move = [&](Slice& slice) {
    if (slice.data() != nullptr)
      slice = Slice(larger.data() + (slice.data() - block_.data()), slice.size());
  };
  for (Field& field : *fields_) {
    move(field.name);
    move(field.value);
  }
  for (Slice* slice : {&pseudo_.method, &pseudo_.scheme, &pseudo_.authority, &pseudo_.path,
                       &pseudo_.protocol, &pseudo_.status})
    move(*slice);
  block_ = std::move(larger);
}

Result<void> H2HeadReader::check_limits() const {
  if (list_bytes_ > limits_.max_head_bytes)
    return refuse(Errc::HeadTooLarge, "reading a message head");
  if (too_many_) return refuse(Errc::HeadTooLarge, "counting fields");
  return {};
}

// RFC 9113 §8.2.3: outside HTTP/2 the crumbs are one field.
void H2HeadReader::join_cookies() {
  if (cookies_ < 2) return;
  std::size_t bytes = 0;
  for (const Field& field : *fields_)
    if (is_cookie(field.name)) bytes += field.value.size() + kCrumbSeparator.size();
  if (block_.capacity() - used_ < bytes) grow(bytes);
  char* const begin = block_.data() + used_;
  char* end = begin;
  Field* joined = nullptr;
  for (Field& field : *fields_) {
    if (!is_cookie(field.name)) continue;
    if (joined != nullptr) end = std::copy(kCrumbSeparator.begin(), kCrumbSeparator.end(), end);
    end = std::copy(field.value.begin(), field.value.end(), end);
    if (joined == nullptr) joined = &field;
  }
  joined->value = slice_between(begin, end);
  used_ += joined->value.size();
  bool is_first = true;
  fields_->remove_if(
      [&](const Field& field) { return is_cookie(field.name) && !std::exchange(is_first, false); });
}

Result<void> H2HeadReader::finish(RequestHead& head) {
  head.version = Version::Http2;
  head.method_text = pseudo_.method;
  head.method = parse_method(pseudo_.method);
  head.target = pseudo_.path;
  head.authority = {};
  if (const Result<void> kept = check_limits(); !kept) return kept;
  if (head.target.size() > limits_.max_uri_bytes)
    return refuse(Errc::UriTooLong, "reading a request target");
  join_cookies();
  if (const Result<void> host = choose_host(head); !host) return host;
  if (const Result<void> target = read_target(head); !target) return target;
  // RFC 8441 §5: HTTP/2 needs no such proof. Whoever asks an HTTP/1 server makes one, and looks at what comes of it.
  if (!head.upgrade.empty())
    fields_->remove_if([](const Field& field) { return field.id == FieldId::SecWebSocketKey; });
  return {};
}

// The form of the target follows from the method: there is no absolute form in HTTP/2 (RFC 9113 §8.3.1).
Result<void> H2HeadReader::read_target(RequestHead& head) const {
  if (head.method == Method::Connect && !pseudo_.protocol.empty()) {
    // RFC 8441 §4: an extended CONNECT is about a resource of this server, as an Upgrade is in HTTP/1.
    if (!is_token(pseudo_.protocol) || equal_ignoring_case(pseudo_.protocol, "h2c"))
      return refuse(Errc::BadMessage, "reading :protocol");
    head.upgrade = pseudo_.protocol;
    head.method_text = "GET";
    head.method = Method::Get;
  }
  if (head.method == Method::Connect) {
    const std::size_t port_at = without_port(head.host).size() + 1;
    if (port_at >= head.host.size())
      return refuse(Errc::BadMessage, "reading the target of a CONNECT");
    head.form = TargetForm::Authority;
    head.target = head.authority = head.host;
    head.path = {};
    return {};
  }
  if (head.target == "*" && head.method == Method::Options) {
    head.form = TargetForm::Asterisk;
    head.path = head.target;
    return {};
  }
  const char* const begin = head.target.data();
  const char* const end = begin + head.target.size();
  const char* const path_end = skip<kPathChar>(begin, end);
  if (!head.target.starts_with('/') || skip<kTargetChar>(path_end, end) != end)
    return refuse(Errc::BadMessage, "reading a request target");
  head.form = TargetForm::Origin;
  head.path = slice_between(begin, path_end);
  head.has_query = path_end != end;
  head.query = head.has_query ? slice_between(path_end + 1, end) : Slice{};
  return {};
}

// RFC 9113 §8.3.1: :authority and Host may both be there, but must not name different servers.
Result<void> H2HeadReader::choose_host(RequestHead& head) const {
  const Field* host = head.fields.find(FieldId::Host);
  if (host != nullptr && pseudo_.has_authority &&
      !equal_ignoring_case(host->value, pseudo_.authority)) {
    return refuse(Errc::BadMessage, "comparing :authority and Host");
  }
  head.host = pseudo_.has_authority ? pseudo_.authority : host != nullptr ? host->value : Slice{};
  if (!is_valid_host(head.host)) return refuse(Errc::BadMessage, "reading the authority");
  return {};
}

Result<void> H2HeadReader::finish(ResponseHead& head) {
  const Slice status = pseudo_.status;
  head.version = Version::Http2;
  head.reason = {};
  if (const Result<void> kept = check_limits(); !kept) return kept;
  if (status.size() != 3 || status[0] < '1' || status[0] > '5' || !is_digit(status[1]) ||
      !is_digit(status[2]))
    return refuse(Errc::BadMessage, "reading a status");
  head.status = (status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0');
  head.reason = reason_phrase(head.status);
  return {};
}

Result<void> add_trailer(std::string& lines, Slice name, Slice value, Side side) {
  if (recognise(name) != FieldId::Other)
    return base::fail(Errc::BadMessage, side, "reading a trailer");
  if (lines.size() + name.size() + value.size() + 4 > kMostTrailerBytes)
    return base::fail(Errc::HeadTooLarge, side, "reading trailers");
  lines.append(name).append(": ").append(value).append("\r\n");
  return {};
}

Result<BodyFraming> h2_request_framing(const RequestHead& head, bool ended) {
  const Result<BodyFraming> framing = request_framing(head);
  if (!framing) return framing;
  // A CONNECT has no body (RFC 9110 §9.3.6): what comes on its stream is for the tunnel.
  if (head.method == Method::Connect || !head.upgrade.empty()) {
    if (framing->has_body())
      return base::fail(Errc::BadMessage, Side::Downstream, "reading the length of a tunnel");
    return BodyFraming{};
  }
  if (framing->kind == BodyFraming::Kind::Length || ended) return framing;
  return BodyFraming{BodyFraming::Kind::Chunked, 0};
}

Result<BodyFraming> h2_response_framing(const ResponseHead& head, Method request_method,
                                        bool ended) {
  const Result<BodyFraming> framing = response_framing(head, request_method);
  if (!framing || framing->kind != BodyFraming::Kind::UntilClose) return framing;
  return ended ? BodyFraming{} : BodyFraming{BodyFraming::Kind::Chunked, 0};
}

}  // namespace prox::http
