#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "prox/compress/encoder.h"
#include "prox/http/framing.h"
#include "prox/http/request.h"
#include "prox/http/response.h"

namespace prox::compress {

// What a service or a route wants; part of the plan.
struct Settings {
  std::vector<Coding> codings;     // the first is preferred; empty: nothing is compressed
  std::uint64_t min_bytes = 1024;  // bodies that are known to be shorter are left alone

  bool is_on() const { return !codings.empty(); }
};

// What becomes of one response.
struct Verdict {
  bool varies = false;           // it depends on Accept-Encoding, whatever this client takes
  std::optional<Coding> coding;  // none: the body leaves as it is
  // Of the body before it is encoded, if it is known.
  std::optional<std::uint64_t> body_bytes;
};

// Looks at what the client takes and at what the response is (RFC 9110 §12.5.3). The answer to HEAD gets the verdict of the answer to GET.
Verdict negotiate(const Settings& settings, const http::RequestHead& request,
                  const http::ResponseHead& response, http::BodyFraming body);

// Puts `Accept-Encoding` into Vary, unless it is there.
void add_vary(http::Fields& fields);

// Makes the head that of the encoded body: Content-Encoding, no length and no ranges, and a weak ETag, since the bytes are not the ones it
// was made for (RFC 9110 §8.8.1). `scratch` holds the tag then.
void mark_encoded(http::Fields& fields, Coding coding, std::string& scratch);

// A 304 says the ETag as the client has it: weak if that is how it asked (RFC 9110 §15.4.5), since a strong one stands for other bytes.
// True if so: what the client has was encoded then.
bool weaken_known_etag(const http::Fields& request, http::Fields& response, std::string& scratch);

}  // namespace prox::compress
