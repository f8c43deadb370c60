#include <algorithm>
#include <limits>

#include "http/chars.h"
#include "http/field_line.h"
#include "prox/http/framing.h"

namespace prox::http {

using base::Errc;
using base::Unexpected;

namespace {

constexpr std::size_t kMostSizeDigits = 16;
constexpr std::uint64_t kMostChunkBytes = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kMostExtensionBytes = 4096;
constexpr std::size_t kMostTrailerBytes = 8192;
constexpr Slice kCrlf = "\r\n";

}  // namespace

void BodyDecoder::start(BodyFraming framing, base::Side side) {
  side_ = side;
  remaining_ = framing.length;
  line_bytes_ = 0;
  trailer_start_ = 0;
  trailers_.clear();
  state_ = State::Complete;
  switch (framing.kind) {
    case BodyFraming::Kind::None: remaining_ = 0; break;
    case BodyFraming::Kind::Length:
      if (remaining_ > 0) state_ = State::Counted;
      break;
    case BodyFraming::Kind::Chunked:
      remaining_ = 0;
      state_ = State::ChunkSize;
      break;
    case BodyFraming::Kind::UntilClose: state_ = State::UntilClose; break;
  }
}

Result<BodyDecoder::Step> BodyDecoder::decode(Slice in) {
  if (state_ == State::UntilClose) return Step{in.size(), in, false};
  if (state_ != State::Counted) return decode_chunked(in);
  const Slice data = in.substr(0, remaining_);
  remaining_ -= data.size();
  if (remaining_ == 0) state_ = State::Complete;
  return Step{data.size(), data, remaining_ == 0};
}

// Framing up to the next data, and that data; what is behind it waits for the next step, so that no data is lost to an error
// behind it.
Result<BodyDecoder::Step> BodyDecoder::decode_chunked(Slice in) {
  std::size_t at = 0;
  while (at < in.size() && state_ != State::Complete) {
    const Slice rest = in.substr(at);
    if (state_ == State::ChunkData) {
      const Slice data = rest.substr(0, remaining_);
      remaining_ -= data.size();
      if (remaining_ == 0) state_ = State::ChunkDataCr;
      return Step{at + data.size(), data, false};
    }
    const Result<std::size_t> read = read_framing(rest);
    if (!read) return Unexpected{read.error()};
    at += *read;
  }
  return Step{at, {}, state_ == State::Complete};
}

// One element of the chunked coding (RFC 9112 §7.1), or as much of it as there is; returns its bytes.
Result<std::size_t> BodyDecoder::read_framing(Slice in) {
  switch (state_) {
    case State::ChunkSize: return read_chunk_size(in);
    case State::ChunkSizeEnd: return read_size_end(in);
    case State::ChunkExtension: return read_extension(in);
    case State::ChunkSizeLf:
      return expect('\n', in, remaining_ == 0 ? State::Trailers : State::ChunkData);
    case State::ChunkDataCr: return expect('\r', in, State::ChunkDataLf);
    case State::ChunkDataLf: return expect('\n', in, State::ChunkSize);
    case State::Trailers: return read_trailers(in);
    case State::Complete:
    case State::Counted:
    case State::UntilClose:
    case State::ChunkData: break;
  }
  return std::size_t{0};
}

Result<std::size_t> BodyDecoder::expect(char wanted, Slice in, State next) {
  if (in.front() != wanted) return refuse(Errc::BadMessage, "reading the end of a chunk");
  state_ = next;
  return std::size_t{1};
}

// Sizes above 2^63-1 are refused like those that need more than 64 bits: some read them as negative.
Result<std::size_t> BodyDecoder::read_chunk_size(Slice in) {
  std::size_t at = 0;
  for (; at < in.size(); ++at) {
    const int digit = hex_value(in[at]);
    if (digit < 0) break;
    if (++line_bytes_ > kMostSizeDigits || remaining_ > kMostChunkBytes >> 4) {
      return refuse(Errc::BadMessage, "reading a chunk size");
    }
    remaining_ = remaining_ << 4 | static_cast<std::uint64_t>(digit);
  }
  if (at == in.size()) return at;
  if (line_bytes_ == 0) return refuse(Errc::BadMessage, "reading a chunk size");
  line_bytes_ = 0;
  state_ = State::ChunkSizeEnd;
  return at;
}

// White space may stand before an extension only; at the end of the line it is a fault that some forgive and some do not.
Result<std::size_t> BodyDecoder::read_size_end(Slice in) {
  const char c = in.front();
  if (c == '\r' && line_bytes_ == 0) {
    state_ = State::ChunkSizeLf;
  } else if (c == ';') {
    state_ = State::ChunkExtension;
  } else if (!is_space(c) || ++line_bytes_ > kMostExtensionBytes) {
    return refuse(Errc::BadMessage, "reading the end of a chunk size");
  }
  return std::size_t{1};
}

// Extensions are dropped (RFC 9112 §7.1.1); only what could make another reader see a line end in them is a fault.
Result<std::size_t> BodyDecoder::read_extension(Slice in) {
  const std::size_t cr = std::min(in.find('\r'), in.size());
  line_bytes_ += cr;
  if (line_bytes_ > kMostExtensionBytes || !is_text(in.substr(0, cr))) {
    return refuse(Errc::BadMessage, "reading a chunk extension");
  }
  if (cr == in.size()) return cr;
  line_bytes_ = 0;
  state_ = State::ChunkSizeLf;
  return cr + 1;
}

// One line of the trailer section (RFC 9112 §7.1.2), collected since it may come in pieces.
Result<std::size_t> BodyDecoder::read_trailers(Slice in) {
  if (trailers_.empty() && in.starts_with(kCrlf)) {
    state_ = State::Complete;
    return kCrlf.size();
  }
  const std::size_t lf = in.find('\n');
  const std::size_t bytes = lf == Slice::npos ? in.size() : lf + 1;
  if (trailers_.size() + bytes > kMostTrailerBytes + kCrlf.size())
    return refuse(Errc::HeadTooLarge, "reading trailers");
  trailers_.append(in.substr(0, bytes));
  if (lf == Slice::npos) return bytes;

  const Slice line = Slice(trailers_).substr(trailer_start_);
  if (line == kCrlf) {
    trailers_.resize(trailer_start_);
    state_ = State::Complete;
    return bytes;
  }
  Field field;
  const bool is_sound = parse_field_line(line.data(), line.data() + line.size(), field) != nullptr;
  // RFC 9110 §6.5.1: no framing, routing, connection control or content format in trailers. All names that we know are such,
  // and who merges trailers into the head would believe them.
  if (!is_sound || field.id != FieldId::Other) return refuse(Errc::BadMessage, "reading a trailer");
  trailer_start_ = trailers_.size();
  return bytes;
}

Result<void> BodyDecoder::finish_at_close() {
  if (state_ == State::UntilClose) state_ = State::Complete;
  if (state_ != State::Complete) return refuse(Errc::PeerClosed, "reading a body");
  return {};
}

}  // namespace prox::http
