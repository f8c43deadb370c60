#include "prox/http/request.h"

#include "catch.h"

namespace prox::http {

TEST_CASE("methods are known by their exact word", "[http][request]") {
  CHECK(parse_method("GET") == Method::Get);
  CHECK(parse_method("HEAD") == Method::Head);
  CHECK(parse_method("POST") == Method::Post);
  CHECK(parse_method("PUT") == Method::Put);
  CHECK(parse_method("PATCH") == Method::Patch);
  CHECK(parse_method("DELETE") == Method::Delete);
  CHECK(parse_method("CONNECT") == Method::Connect);
  CHECK(parse_method("OPTIONS") == Method::Options);
  CHECK(parse_method("TRACE") == Method::Trace);
  for (const char* word : {"", "get", "Get", "GETS", "GE", "PROPFIND", "CONNECt", "OPTION"}) {
    CAPTURE(word);
    CHECK(parse_method(word) == Method::Other);
  }
}

TEST_CASE("what may be sent twice", "[http][request]") {
  for (const Method method :
       {Method::Get, Method::Head, Method::Put, Method::Delete, Method::Options, Method::Trace}) {
    CHECK(is_idempotent(method));
  }
  for (const Method method : {Method::Post, Method::Patch, Method::Connect, Method::Other}) {
    CHECK_FALSE(is_idempotent(method));
  }
}

TEST_CASE("a cleared head is as new", "[http][request]") {
  RequestHead head;
  head.method = Method::Post;
  head.version = Version::Http10;
  head.form = TargetForm::Absolute;
  head.method_text = head.target = head.scheme = head.authority = head.path = head.query =
      head.host = "x";
  head.has_query = true;
  head.fields.add("a", "b", FieldId::Other);
  head.clear();
  CHECK(head.method == Method::Other);
  CHECK(head.version == Version::Http11);
  CHECK(head.form == TargetForm::Origin);
  for (const Slice part : {head.method_text, head.target, head.scheme, head.authority, head.path,
                           head.query, head.host}) {
    CHECK(part.empty());
  }
  CHECK_FALSE(head.has_query);
  CHECK(head.fields.empty());
}

}  // namespace prox::http
