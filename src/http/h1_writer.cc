#include "prox/http/h1_writer.h"

#include <charconv>
#include <cstring>

namespace prox::http {

namespace {

constexpr Slice kCrLf = "\r\n";
// Start line, Host, Content-Length or Transfer-Encoding, Connection, Upgrade, final CRLF, without what is counted apart: under 150 bytes.
constexpr std::size_t kFixedBytes = 192;

char* put(char* out, Slice text) {
  if (!text.empty()) std::memcpy(out, text.data(), text.size());  // an empty slice may be null
  return out + text.size();
}

char* put_number(char* out, std::uint64_t number) {
  return std::to_chars(out, out + 20, number).ptr;
}

std::size_t fields_size(const Fields& fields) {
  std::size_t bytes = 0;
  for (const Field& field : fields) bytes += field.name.size() + field.value.size() + 4;
  return bytes;
}

char* put_fields(char* out, const Fields& fields) {
  for (const Field& field : fields) {
    out = put(out, field.name);
    *out++ = ':';
    *out++ = ' ';
    out = put(out, field.value);
    out = put(out, kCrLf);
  }
  return out;
}

char* put_framing(char* out, BodyFraming body) {
  switch (body.kind) {
    case BodyFraming::Kind::Length:
      out = put(out, "Content-Length: ");
      out = put_number(out, body.length);
      return put(out, kCrLf);
    case BodyFraming::Kind::Chunked: return put(out, "Transfer-Encoding: chunked\r\n");
    case BodyFraming::Kind::None:
    case BodyFraming::Kind::UntilClose: return out;
  }
  return out;
}

char* put_connection(char* out, ConnectionOption option) {
  switch (option) {
    case ConnectionOption::Close: return put(out, "Connection: close\r\n");
    case ConnectionOption::KeepAlive: return put(out, "Connection: keep-alive\r\n");
    case ConnectionOption::Upgrade: return put(out, "Connection: Upgrade\r\n");
    case ConnectionOption::None: return out;
  }
  return out;
}

char* put_upgrade(char* out, Slice protocol) {
  out = put(out, "Upgrade: ");
  out = put(out, protocol);
  return put(out, kCrLf);
}

char* put_status_line(char* out, const ResponseHead& head) {
  out = put(out, "HTTP/1.1 ");
  out = put_number(out, static_cast<std::uint64_t>(head.status));
  *out++ = ' ';
  out = put(out, head.reason);
  return put(out, kCrLf);
}

}  // namespace

std::size_t request_head_size(const RequestHead& head) {
  return kFixedBytes + head.method_text.size() + head.target.size() + head.host.size() +
         head.upgrade.size() + fields_size(head.fields);
}

char* write_request_head(const RequestHead& head, BodyFraming body, ConnectionOption connection,
                         char* out) {
  out = put(out, head.method_text);
  *out++ = ' ';
  out = put(out, head.target);
  out = put(out, " HTTP/1.1\r\nHost: ");
  out = put(out, head.host);
  out = put(out, kCrLf);
  out = put_fields(out, head.fields);
  out = put_framing(out, body);
  out = put_connection(out, connection);
  if (!head.upgrade.empty()) out = put_upgrade(out, head.upgrade);
  return put(out, kCrLf);
}

std::size_t response_head_size(const ResponseHead& head) {
  return kFixedBytes + head.reason.size() + fields_size(head.fields);
}

char* write_response_head(const ResponseHead& head, BodyFraming body, ConnectionOption connection,
                          char* out) {
  out = put_status_line(out, head);
  out = put_fields(out, head.fields);
  out = put_framing(out, body);
  out = put_connection(out, connection);
  return put(out, kCrLf);
}

char* write_switch_head(const ResponseHead& head, Slice protocol, char* out) {
  out = put_status_line(out, head);
  out = put_connection(out, ConnectionOption::Upgrade);
  out = put_upgrade(out, protocol);
  out = put_fields(out, head.fields);
  return put(out, kCrLf);
}

char* write_chunk_line(std::uint64_t size, char* out) {
  out = std::to_chars(out, out + 16, size, 16).ptr;
  return put(out, kCrLf);
}

}  // namespace prox::http
