#include "prox/exchange/response.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "exchange/encoding_sink.h"
#include "prox/compress/negotiation.h"
#include "prox/exchange/rendered_values.h"

namespace prox::exchange {

namespace {

void apply(Exchange& x, const std::vector<ResponseEdit>& edits) {
  const auto is_rendered = [](const ResponseEdit& edit) {
    return edit.value && !edit.value->is_constant();
  };
  RenderedValues values(x, x.edits_scratch);
  for (const ResponseEdit& edit : edits) {
    if (is_rendered(edit)) values.add(*edit.value);
  }
  http::Fields& fields = x.response.fields;
  for (const ResponseEdit& edit : edits) {
    fields.remove_if(
        [&](const http::Field& field) { return http::equal_ignoring_case(field.name, edit.name); });
    if (edit.value)
      fields.add(edit.name, is_rendered(edit) ? values.take() : edit.value->constant(), edit.id);
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
  const bool was_encoded = x.response.status == 304 &&
                           compress::weaken_known_etag(x.request.fields, fields, x.etag_scratch);
  const compress::Verdict verdict = compress::negotiate(settings, x.request, x.response, body);
  if (verdict.varies || was_encoded) compress::add_vary(fields);
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
