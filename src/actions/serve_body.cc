#include "actions/serve_body.h"

#include <algorithm>
#include <random>
#include <utility>

#include <sys/stat.h>

#include <fmt/format.h>

#include "prox/exchange/error_response.h"
#include "prox/exchange/response.h"

namespace prox::actions {

namespace {

using base::Errc;
using base::Error;
using base::Side;
using base::Slice;

// How much of a file leaves between two looks at it. A change within is seen at the next look, before the response is complete.
constexpr std::uint64_t kPart = 1024 * 1024;

// Not to be found in a file whose writer wanted to break the framing: 62 random bits (RFC 2046 §5.1.1 allows 70 characters).
std::string make_boundary() {
  std::random_device random;
  return fmt::format("prox-{:08x}{:08x}", random(), random());
}

}  // namespace

std::string content_range(const http::ByteRange& range, std::uint64_t size) {
  return fmt::format("bytes {}-{}/{}", range.first, range.first + range.length - 1, size);
}

void ServeBody::add(Piece piece) {
  if (piece.left() == 0) return;
  size_ += piece.left();
  if (current_.left() == 0) {
    current_ = std::move(piece);
  } else {
    later_.push_back(std::move(piece));
  }
}

void ServeBody::add_text(std::string text) { add({std::move(text), {}}); }

void ServeBody::add_file(const files::Found& file, const http::ByteRange& range) {
  file_ = file.fd;
  version_ = file.version;
  content_ = file.content;
  add({{}, range});
}

Slice ServeBody::add_multipart(const files::Found& file, const std::vector<http::ByteRange>& ranges,
                               Slice type) {
  const std::string boundary = make_boundary();
  Slice line_break;
  for (const http::ByteRange& range : ranges) {
    add_text(fmt::format("{}--{}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n", line_break,
                         boundary, type, content_range(range, file.version.size)));
    add_file(file, range);
    line_break = "\r\n";
  }
  add_text(fmt::format("\r\n--{}--\r\n", boundary));
  return multipart_type_ = "multipart/byteranges; boundary=" + boundary;
}

void ServeBody::send(http::BodyFraming framing) {
  std::reverse(later_.begin(), later_.end());
  exchange::send_head(x_, framing);
  if (x_.request.method == http::Method::Head || !framing.has_body()) {
    ended_ = true;
    x_.sink->end_response({});
    return x_.sink->flush();
  }
  go_on();
}

void ServeBody::send_more() {
  if (ended_) return;
  if (!is_unchanged()) return cut();
  go_on();
}

// The file was looked at just now.
void ServeBody::go_on() {
  for (bool is_first = true; !ended_ && !x_.sink->is_backed_up(); is_first = false) {
    if (current_.left() == 0 && !next_piece()) {
      ended_ = true;
      x_.sink->end_response({});
      break;
    }
    if (!is_first && current_.text.empty() && !is_unchanged()) return cut();
    send_some();
    if (x_.sink->is_backed_up()) x_.sink->flush();
  }
  x_.sink->flush();
}

void ServeBody::cut() {
  ended_ = true;
  exchange::fail(x_,
                 Error{Errc::BadData, Side::Internal, false, 0, "sending a file that has changed"});
}

bool ServeBody::next_piece() {
  if (later_.empty()) return false;
  current_ = std::move(later_.back());
  later_.pop_back();
  return true;
}

// As much as one call sends of the current piece.
void ServeBody::send_some() {
  net::Buffer part(x_.context->blocks);
  if (!current_.text.empty()) {
    const std::size_t bytes = std::min(current_.text.size(), base::BlockPool::kLarge);
    part.append_copy(Slice(current_.text).substr(0, bytes));
    current_.text.erase(0, bytes);
  } else {
    http::ByteRange& range = current_.range;
    const auto bytes = static_cast<std::size_t>(std::min(range.length, kPart));
    if (content_) {
      part.append(content_, {content_.data() + range.first, bytes});
    } else {
      part.append_file(file_, range.first, bytes);
    }
    range.first += bytes;
    range.length -= bytes;
  }
  x_.sink->send_body(part);
}

// Whether it still has a name (without one it is another file now, or none), its size and its time. Other links and rights change only the
// inode.
bool ServeBody::is_unchanged() const {
  if (!file_ || content_) return true;
  struct stat status {};
  if (::fstat(file_.get(), &status) == -1) return false;
  const files::Version now = files::Version::of(status);
  return status.st_nlink > 0 && now.size == version_.size && now.modified == version_.modified;
}

}  // namespace prox::actions
