#pragma once

#include <cstdint>

#include "prox/http/fields.h"

namespace prox::http {

enum class Method : std::uint8_t {
  Get,
  Head,
  Post,
  Put,
  Patch,
  Delete,
  Connect,
  Options,
  Trace,
  Other
};

enum class Version : std::uint8_t { Http10, Http11, Http2 };

// RFC 9112 §3.2.
enum class TargetForm : std::uint8_t { Origin, Absolute, Authority, Asterisk };

// The method a word names; methods are case-sensitive (RFC 9110 §9.1), so "get" is Other.
Method parse_method(Slice word);

// RFC 9110 §9.2.2: safe to send again when nothing tells whether the first one was acted on.
bool is_idempotent(Method method);

// The head of one request. All slices point into the block that the head came in, but for a path that is implied.
struct RequestHead {
  Method method = Method::Other;
  Version version = Version::Http11;
  TargetForm form = TargetForm::Origin;
  Slice method_text;
  Slice target;     // the request target as received, byte for byte
  Slice scheme;     // absolute-form only: "http"
  Slice authority;  // absolute-form and CONNECT: host[:port] of the target
  Slice
      path;  // without query; "" for CONNECT, "*" for OPTIONS *, "/" if an absolute target has none
  Slice query;             // behind the "?", which is not part of it
  bool has_query = false;  // "/x?" has an empty query
  Slice
      upgrade;  // what the client asks to switch to (upgrade.h), "websocket"; an extended CONNECT of HTTP/2 is a GET with it
  Slice
      host;  // what routes match: authority if the target has one, else the Host field; with its port, may be empty
  Fields fields;

  void clear() {
    method = Method::Other;
    version = Version::Http11;
    form = TargetForm::Origin;
    method_text = target = scheme = authority = path = query = upgrade = host = {};
    has_query = false;
    fields.clear();
  }
};

}  // namespace prox::http
