#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "prox/base/block.h"
#include "prox/base/shared_fd.h"
#include "prox/exchange/exchange.h"
#include "prox/files/cache.h"
#include "prox/http/ranges.h"

namespace prox::actions {

// "bytes 0-3/10" (RFC 9110 §14.4).
std::string content_range(const http::ByteRange& range, std::uint64_t size);

// The body of one answer: texts, and parts of one file. Sent as the client takes it; the file, which is as it was found when it is added,
// is looked at before each further part and before the end, and once it is no longer the one that the head told of, the response is cut.
class ServeBody {
 public:
  explicit ServeBody(exchange::Exchange& exchange) : x_(exchange) {}

  void add_text(std::string text);
  void add_file(const files::Found& file, const http::ByteRange& range);
  // Parts of a file as multipart/byteranges (RFC 9110 §14.6); returns its Content-Type, which lives as long as this.
  base::Slice add_multipart(const files::Found& file, const std::vector<http::ByteRange>& ranges,
                            base::Slice type);
  std::uint64_t size() const { return size_; }

  // Sends x.response and begins with the body; a request by HEAD gets the head alone.
  void send(http::BodyFraming framing);
  // Goes on at Handler::on_response_drained().
  void send_more();

 private:
  struct Piece {
    std::string text;
    http::ByteRange range;  // of the file, if `text` is empty
    std::uint64_t left() const { return text.empty() ? range.length : text.size(); }
  };

  void add(Piece piece);
  void go_on();
  bool next_piece();
  void send_some();
  bool is_unchanged() const;
  void cut();

  exchange::Exchange& x_;
  base::SharedFd file_;
  files::Version version_;
  base::BlockRef content_;    // of a small file
  Piece current_;             // most bodies have no other
  std::vector<Piece> later_;  // the next one last, once sending has begun
  std::string multipart_type_;
  std::uint64_t size_ = 0;
  bool ended_ = false;
};

}  // namespace prox::actions
