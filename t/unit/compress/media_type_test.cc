#include "compress/media_type.h"

#include "catch.h"

namespace prox::compress {

TEST_CASE("what is text, or as good as, can be compressed", "[compress]") {
  for (const char* type :
       {"text/html", "text/plain; charset=utf-8", "TEXT/CSS", "text/event-stream", "text/html ;q=1",
        "application/json", "Application/JSON;charset=utf-8", "application/problem+json",
        "image/svg+xml", "application/atom+xml; type=feed", "application/xml",
        "application/javascript", "text/javascript", "application/wasm", "application/x-ndjson",
        "font/ttf", "image/vnd.microsoft.icon", "image/bmp"}) {
    CAPTURE(type);
    CHECK(is_compressible(type));
  }
}

TEST_CASE("what is compressed already, or is not known, is left alone", "[compress]") {
  for (const char* type :
       {"", ";", "text", "image/png", "image/jpeg", "video/mp4", "audio/mpeg", "font/woff2",
        "application/zip", "application/gzip", "application/pdf", "application/octet-stream",
        "multipart/byteranges; boundary=text/html", "application/jsonp", "xapplication/json",
        "application/grpc", "application/grpc+json", "application/grpc-web+proto", "+json"}) {
    CAPTURE(type);
    CHECK_FALSE(is_compressible(type));
  }
}

}  // namespace prox::compress
