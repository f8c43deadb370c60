// How a client's request becomes the target's, and a target's response the client's: fields, Host and target.

#include <algorithm>

#include "prox/actions/proxy.h"
#include "prox/exchange/rendered_values.h"
#include "prox/http/framing.h"
#include "prox/http/host.h"

namespace prox::actions {

namespace {

using http::Field;
using http::FieldId;
using http::Fields;
using http::Slice;

// Fields that end here, or that prox writes itself.
bool ends_here(FieldId id) {
  switch (id) {
    case FieldId::Connection:
    case FieldId::ContentLength:
    case FieldId::Forwarded:
    case FieldId::Host:
    case FieldId::Http2Settings:
    case FieldId::KeepAlive:
    case FieldId::ProxyAuthenticate:
    case FieldId::ProxyAuthorization:
    case FieldId::ProxyConnection:
    case FieldId::Te:
    case FieldId::Trailer:
    case FieldId::TransferEncoding:
    case FieldId::Upgrade:
    case FieldId::XForwardedFor:
    case FieldId::XForwardedHost:
    case FieldId::XForwardedProto: return true;
    case FieldId::Other:
    case FieldId::ContentType:
    case FieldId::Date:
    case FieldId::Expect:
    case FieldId::SecWebSocketAccept:
    case FieldId::SecWebSocketKey: return false;
  }
  return false;
}

// Whether Connection names other fields, which then end here too; close and keep-alive name none.
bool names_fields(const Fields& fields) {
  return http::any_member(fields, FieldId::Connection, [](Slice option) {
    return !http::equal_ignoring_case(option, "close") &&
           !http::equal_ignoring_case(option, "keep-alive");
  });
}

bool accepts_trailers(const Fields& fields) {
  return http::any_member(fields, FieldId::Te, [](Slice coding) {
    return http::equal_ignoring_case(coding, "trailers");
  });
}

// `1.2.3.4, 5.6.7.8, <client>`: every line of what came, joined, and who sent it.
Slice forwarded_for(const exchange::Exchange& x, std::string& scratch) {
  if (x.request.fields.find(FieldId::XForwardedFor) == nullptr) return x.client_ip;
  scratch.clear();
  for (const Field& field : x.request.fields) {
    if (field.id == FieldId::XForwardedFor && !field.value.empty())
      scratch.append(field.value).append(", ");
  }
  return scratch.append(x.client_ip);
}

}  // namespace

Slice ProxyAction::forward_target(exchange::Exchange& x) const {
  const config::UpstreamAddress& address = target_.address;
  if (x.request.form != http::TargetForm::Origin ||
      (address.base_path.empty() && address.base_query.empty()))
    return x.request.target;
  std::string& scratch = x.target_scratch;
  scratch.assign(address.base_path).append(x.request.path);
  if (!address.base_query.empty() || x.request.has_query) scratch.push_back('?');
  scratch.append(address.base_query);
  if (!address.base_query.empty() && !x.request.query.empty()) scratch.push_back('&');
  return scratch.append(x.request.query);
}

Slice ProxyAction::forward_host(const http::RequestHead& in) const {
  if (in.method == http::Method::Connect) return in.host;
  if (host_ && !host_->variables) return host_->value;
  const bool names_its_own = preserve_host_ || in.form == http::TargetForm::Absolute;
  return names_its_own && !in.host.empty() ? in.host : Slice(target_.address.authority);
}

void ProxyAction::add_forwarded(exchange::Exchange& x) const {
  const http::RequestHead& in = x.request;
  Fields& fields = x.forward.fields;
  fields.add("X-Forwarded-For", forwarded_for(x, x.forwarded_scratch), FieldId::XForwardedFor);
  // A target that is a proxy learns the host from the request's own target.
  if (!in.host.empty() && in.form != http::TargetForm::Absolute)
    fields.add("X-Forwarded-Host", in.host, FieldId::XForwardedHost);
  fields.add("X-Forwarded-Proto", x.client_tls != nullptr ? Slice("https") : Slice("http"),
             FieldId::XForwardedProto);
}

void ProxyAction::build_forward(exchange::Exchange& x) const {
  http::RequestHead& out = x.forward;
  const http::RequestHead& in = x.request;
  out.clear();
  out.method = in.method;
  out.method_text = in.method_text;
  out.target = forward_target(x);
  out.host = forward_host(in);
  // A forward proxy's connections carry requests for many; none of them may switch one.
  if (in.form != http::TargetForm::Absolute) out.upgrade = in.upgrade;

  const bool more_end_here = names_fields(in.fields);
  for (const Field& field : in.fields) {
    if (ends_here(field.id) ||
        (more_end_here && http::has_connection_option(in.fields, field.name)))
      continue;
    out.fields.add(field.name, field.value, field.id);
  }
  if (accepts_trailers(in.fields)) out.fields.add("TE", "trailers", FieldId::Te);
  if (in.method == http::Method::Connect) return;  // its target sees the client's bytes, not ours
  add_forwarded(x);

  edit_fields(x);
}

// An empty value removes the field: what the client sent under that name must not pass for ours. A Host that comes out as none, or as
// something that is no host, is as if it had not been asked for.
void ProxyAction::edit_fields(exchange::Exchange& x) const {
  exchange::RenderedValues values(x, x.fields_scratch);
  if (host_ && host_->variables) values.add(*host_->variables);
  for (const HeaderEdit& edit : headers_) {
    if (edit.variables) values.add(*edit.variables);
  }
  if (host_ && host_->variables) {
    const Slice host = values.take();
    if (!host.empty() && http::is_valid_host(host)) x.forward.host = host;
  }
  for (const HeaderEdit& edit : headers_) {
    const Slice value = edit.variables ? values.take() : Slice(edit.value);
    x.forward.fields.remove_if(
        [&](const Field& field) { return http::equal_ignoring_case(field.name, edit.name); });
    if (!edit.remove && !value.empty()) x.forward.fields.add(edit.name, value, FieldId::Other);
  }
}

void remove_hop_by_hop(http::ResponseHead& head, bool keep_length) {
  // The names that Connection lists are looked up while its lines are still there.
  if (names_fields(head.fields)) {
    const Fields all = head.fields;
    head.fields.remove_if([&](const Field& field) {
      return field.id != FieldId::Connection && field.id != FieldId::ContentLength &&
             http::has_connection_option(all, field.name);
    });
  }
  head.fields.remove_if([&](const Field& field) {
    switch (field.id) {
      case FieldId::Connection:
      case FieldId::Http2Settings:
      case FieldId::KeepAlive:
      case FieldId::ProxyAuthenticate:
      case FieldId::ProxyAuthorization:
      case FieldId::ProxyConnection:
      case FieldId::Te:
      case FieldId::Trailer:
      case FieldId::TransferEncoding:
      case FieldId::Upgrade: return true;
      case FieldId::ContentLength: return !keep_length;
      default: return false;
    }
  });
}

}  // namespace prox::actions
