#include "prox/exchange/response.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "exchange/encoding_sink.h"
#include "prox/compress/negotiation.h"
#include "prox/exchange/variables.h"

namespace prox::exchange {

namespace {

// Renders the values that are not the same for every response, a NUL behind each: no value can hold one. All of them before any is used,
// since the string may move while it grows.
void render(Exchange& x, const std::vector<ResponseEdit>& edits) {
  x.edits_scratch.clear();
  const Variables variables(x);
  for (const ResponseEdit& edit : edits) {
    if (!edit.value || edit.value->is_constant()) continue;
    edit.value->render(variables, routing::Escape::Field, x.edits_scratch);
    x.edits_scratch.push_back('\0');
  }
}

void apply(Exchange& x, const std::vector<ResponseEdit>& edits) {
  render(x, edits);
  http::Fields& fields = x.response.fields;
  std::size_t at = 0;
  for (const ResponseEdit& edit : edits) {
    fields.remove_if(
        [&](const http::Field& field) { return http::equal_ignoring_case(field.name, edit.name); });
    if (!edit.value) continue;
    Slice value = edit.value->constant();
    if (!edit.value->is_constant()) {
      const std::size_t end = x.edits_scratch.find('\0', at);
      value = Slice(x.edits_scratch).substr(at, end - at);
      at = end + 1;
    }
    fields.add(edit.name, value, edit.id);
  }
}

// An encoded body has no length that is known, and is a chunked one (for HEAD, would be).
void send_encoded(Exchange& x, const compress::Verdict& verdict) {
  compress::mark_encoded(x.response.fields, *verdict.coding, x.etag_scratch);
  x.sink->send_head(x.response, {http::BodyFraming::Kind::Chunked, 0});
  if (x.request.method == http::Method::Head) return;
  x.encoding = std::make_unique<EncodingSink>(x, *verdict.coding, verdict.body_bytes);
  x.sink = x.encoding.get();
}

void send_negotiated(Exchange& x, const compress::Settings& settings, http::BodyFraming body) {
  http::Fields& fields = x.response.fields;
  if (x.response.status == 304)
    compress::weaken_known_etag(x.request.fields, fields, x.etag_scratch);
  const compress::Verdict verdict = compress::negotiate(settings, x.request, x.response, body);
  if (verdict.varies) compress::add_vary(fields);
  if (verdict.coding && x.context->encoding.has_room()) return send_encoded(x, verdict);
  x.sink->send_head(x.response, body);
}

}  // namespace

void send_head(Exchange& x, http::BodyFraming body) {
  const std::vector<ResponseEdit>& edits =
      x.route != nullptr ? x.route->response_edits : x.service->response_edits;
  if (!edits.empty()) apply(x, edits);
  x.head_sent = true;
  const compress::Settings& compression =
      x.route != nullptr ? x.route->compression : x.service->compression;
  if (compression.is_on()) return send_negotiated(x, compression, body);
  x.sink->send_head(x.response, body);
}

void tell_drained(Exchange& x) {
  if (x.encoding) return x.encoding->on_drained();
  if (x.handler) x.handler->on_response_drained();
}

void answer(Exchange& x, int status, std::initializer_list<http::Field> fields) {
  http::ResponseHead& head = x.response;
  head.clear();
  head.status = status;
  head.reason = http::reason_phrase(status);
  head.fields.add("Content-Type", "text/plain; charset=utf-8", http::FieldId::ContentType);
  head.fields.add("X-Content-Type-Options", "nosniff", http::FieldId::Other);
  for (const http::Field& field : fields) head.fields.add(field.name, field.value, field.id);
  net::Buffer body(x.context->blocks);
  body.append_copy(head.reason);
  body.append_copy("\n");
  send_head(x, {http::BodyFraming::Kind::Length, body.size()});
  x.sink->send_body(body);
  x.sink->end_response({});
  x.sink->flush();
}

}  // namespace prox::exchange
