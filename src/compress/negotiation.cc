#include "prox/compress/negotiation.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "compress/media_type.h"
#include "prox/http/codings.h"

namespace prox::compress {

namespace {

using http::BodyFraming;
using http::Field;
using http::FieldId;
using http::Fields;

// What a body with one of these is must not change: it is coded already, a part of something, or has its digest told (RFC 9530).
constexpr Slice kSettled[] = {"Content-Encoding", "Content-Range", "Content-Digest",
                              "Repr-Digest",      "Digest",        "Content-MD5"};

bool is_named(const Field& field, Slice name) {
  return field.id == FieldId::Other && http::equal_ignoring_case(field.name, name);
}

bool has_member(const Field& field, Slice member) {
  bool found = false;
  http::for_each_member(field.value, [&](Slice each) {
    found = http::equal_ignoring_case(each, member);
    return !found;
  });
  return found;
}

// RFC 9111 §5.2.1.6, §5.2.2.6: clients and servers both may say so.
bool forbids_transformation(const Fields& fields) {
  return std::any_of(fields.begin(), fields.end(), [](const Field& field) {
    return is_named(field, "Cache-Control") && has_member(field, "no-transform");
  });
}

bool is_settled(const Fields& fields) {
  return std::any_of(fields.begin(), fields.end(), [](const Field& field) {
    return std::any_of(std::begin(kSettled), std::end(kSettled),
                       [&](Slice name) { return is_named(field, name); });
  });
}

bool is_entity_tag(Slice value) { return value.starts_with('"') || value.starts_with("W/\""); }

std::optional<std::uint64_t> body_length(const http::ResponseHead& response, BodyFraming body) {
  if (body.kind == BodyFraming::Kind::Length) return body.length;
  // An answer to HEAD has no body, but may tell how long it would be.
  const Field* length = response.fields.find(FieldId::ContentLength);
  std::uint64_t bytes = 0;
  if (length == nullptr) return std::nullopt;
  std::from_chars(length->value.data(), length->value.data() + length->value.size(), bytes);
  return bytes;
}

bool could_be_encoded(const Settings& settings, const http::ResponseHead& response,
                      std::optional<std::uint64_t> body_bytes) {
  if (response.status == 204 || response.status == 206) return false;
  if (body_bytes && (*body_bytes == 0 || *body_bytes < settings.min_bytes)) return false;
  const Field* type = response.fields.find(FieldId::ContentType);
  return type != nullptr && is_compressible(type->value) && !is_settled(response.fields) &&
         !forbids_transformation(response.fields);
}

// Whether the body that a 304 is about could be another for another client, as far as its head tells: most have no Content-Type.
bool could_have_been_encoded(const http::ResponseHead& response) {
  const Field* type = response.fields.find(FieldId::ContentType);
  return (type == nullptr || is_compressible(type->value)) && !is_settled(response.fields) &&
         !forbids_transformation(response.fields);
}

// What the client wants most, and of what it wants alike what we prefer. As it is, if it wants that more than any of ours.
std::optional<Coding> choose(const std::vector<Coding>& codings, const Fields& request) {
  std::optional<Coding> chosen;
  int best = http::least_coding_weight(request) - 1;
  for (const Coding coding : codings) {
    const int weight = http::coding_weight(request, name_of(coding));
    if (weight <= best) continue;
    best = weight;
    chosen = coding;
  }
  return chosen;
}

}  // namespace

Verdict negotiate(const Settings& settings, const http::RequestHead& request,
                  const http::ResponseHead& response, BodyFraming body) {
  // A 304 has the Vary of the 200 (RFC 9110 §15.4.5).
  if (response.status == 304)
    return {could_have_been_encoded(response), std::nullopt, std::nullopt};
  if (!body.has_body() && request.method != http::Method::Head) return {};
  const std::optional<std::uint64_t> body_bytes = body_length(response, body);
  if (!could_be_encoded(settings, response, body_bytes)) return {};
  // HTTP/1.0 would have no other end of the body than the connection's: what is cut would look whole.
  const bool takes_any =
      request.version != http::Version::Http10 && !forbids_transformation(request.fields);
  return {true, takes_any ? choose(settings.codings, request.fields) : std::nullopt, body_bytes};
}

void add_vary(Fields& fields) {
  for (const Field& field : fields) {
    if (is_named(field, "Vary") && (has_member(field, "Accept-Encoding") || has_member(field, "*")))
      return;
  }
  fields.add("Vary", "Accept-Encoding", FieldId::Other);
}

void mark_encoded(Fields& fields, Coding coding, std::string& scratch) {
  bool has_etag = false;  // a second one would be a mistake, and so is one without quotes
  fields.remove_if([&](const Field& field) {
    if (!is_named(field, "ETag"))
      return field.id == FieldId::ContentLength || is_named(field, "Accept-Ranges");
    return std::exchange(has_etag, true) || !is_entity_tag(field.value);
  });
  for (Field& field : fields) {
    if (is_named(field, "ETag") && !field.value.starts_with("W/"))
      field.value = scratch.assign("W/").append(field.value);
  }
  fields.add("Content-Encoding", name_of(coding), FieldId::Other);
}

bool weaken_known_etag(const Fields& request, Fields& response, std::string& scratch) {
  for (Field& etag : response) {
    if (!is_named(etag, "ETag") || !etag.value.starts_with('"')) continue;
    scratch.assign("W/").append(etag.value);
    for (const Field& asked : request) {
      if (!is_named(asked, "If-None-Match") || asked.value.find(scratch) == Slice::npos) continue;
      etag.value = scratch;
      return true;
    }
  }
  return false;
}

}  // namespace prox::compress
