#pragma once

#include <cstdint>

#include "prox/base/slice.h"
#include "prox/http/framing.h"
#include "prox/http/request.h"
#include "prox/http/response.h"

namespace prox::http {

using base::Slice;

// Writes HTTP/1.1 message heads (RFC 9112 §2.1) into memory that is large enough: ask for the size first. The head's fields are
// written as they stand; framing and connection fields are the writer's own business and must not be among them.

// What the Connection field of a message says. Upgrade stands beside an Upgrade field.
enum class ConnectionOption : std::uint8_t { None, Close, KeepAlive, Upgrade };

// An upper bound of the bytes that write_request_head needs.
std::size_t request_head_size(const RequestHead& head);
// `METHOD target HTTP/1.1`, Host from head.host, the fields, framing, connection; Upgrade from head.upgrade. Returns the end of what was
// written.
char* write_request_head(const RequestHead& head, BodyFraming body, ConnectionOption connection,
                         char* out);

// The same for write_response_head, and for write_switch_head beside the protocol's own bytes.
std::size_t response_head_size(const ResponseHead& head);
// Always `HTTP/1.1`, whatever the client speaks (RFC 9110 §2.5).
char* write_response_head(const ResponseHead& head, BodyFraming body, ConnectionOption connection,
                          char* out);
// A 101 with its fields, which switches to `protocol` (RFC 9110 §15.2.2).
char* write_switch_head(const ResponseHead& head, Slice protocol, char* out);

// Bytes that a chunk's size line can take: 16 digits and CRLF.
inline constexpr std::size_t kMaxChunkLine = 18;
// `1a2b` CRLF.
char* write_chunk_line(std::uint64_t size, char* out);

}  // namespace prox::http
