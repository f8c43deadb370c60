#include "prox/http/request.h"

namespace prox::http {

Method parse_method(Slice word) {
  switch (word.size()) {
    case 3:
      if (word == "GET") return Method::Get;
      if (word == "PUT") return Method::Put;
      break;
    case 4:
      if (word == "POST") return Method::Post;
      if (word == "HEAD") return Method::Head;
      break;
    case 5:
      if (word == "PATCH") return Method::Patch;
      if (word == "TRACE") return Method::Trace;
      break;
    case 6:
      if (word == "DELETE") return Method::Delete;
      break;
    case 7:
      if (word == "OPTIONS") return Method::Options;
      if (word == "CONNECT") return Method::Connect;
      break;
    default: break;
  }
  return Method::Other;
}

bool is_idempotent(Method method) {
  switch (method) {
    case Method::Get:
    case Method::Head:
    case Method::Put:
    case Method::Delete:
    case Method::Options:
    case Method::Trace: return true;
    case Method::Post:
    case Method::Patch:
    case Method::Connect:
    case Method::Other: return false;
  }
  return false;
}

}  // namespace prox::http
