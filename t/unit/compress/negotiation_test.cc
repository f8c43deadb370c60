#include "prox/compress/negotiation.h"

#include <utility>

#include "catch.h"

namespace prox::compress {

namespace {

using http::BodyFraming;
using Lines = std::vector<std::pair<std::string, std::string>>;

void add(http::Fields& fields, const Lines& lines) {
  for (const auto& [name, value] : lines) fields.add(name, value, http::recognise(name));
}

BodyFraming length(std::uint64_t bytes) { return {BodyFraming::Kind::Length, bytes}; }
constexpr BodyFraming kChunked = {BodyFraming::Kind::Chunked, 0};

// A request and its response; as they are, a page of 5000 bytes for a client that takes all.
struct Case {
  std::vector<Coding> codings = {Coding::Zstd, Coding::Brotli, Coding::Gzip};
  std::uint64_t min_bytes = 1024;
  http::Method method = http::Method::Get;
  http::Version version = http::Version::Http11;
  Lines request = {{"Accept-Encoding", "gzip, br, zstd"}};
  int status = 200;
  Lines response = {{"Content-Type", "text/html"}};
  BodyFraming body = length(5000);

  Verdict verdict() const {
    http::RequestHead asked;
    asked.method = method;
    asked.version = version;
    add(asked.fields, request);
    http::ResponseHead answer;
    answer.status = status;
    add(answer.fields, response);
    return negotiate({codings, min_bytes}, asked, answer, body);
  }
};

std::optional<Coding> chosen(const char* accept_encoding, Case of = {}) {
  of.request = {{"Accept-Encoding", accept_encoding}};
  const Verdict verdict = of.verdict();
  CHECK(verdict.varies);  // whatever the client takes
  return verdict.coding;
}

std::string text_of(const http::Fields& fields) {
  std::string text;
  for (const http::Field& field : fields)
    text += std::string(field.name) + ": " + std::string(field.value) + "\n";
  return text;
}

std::string encoded_head(const Lines& lines) {
  http::Fields fields;
  add(fields, lines);
  std::string scratch;
  mark_encoded(fields, Coding::Brotli, scratch);
  return text_of(fields);
}

std::string varied(const Lines& lines) {
  http::Fields fields;
  add(fields, lines);
  add_vary(fields);
  return text_of(fields);
}

std::string not_modified(Slice if_none_match, Slice etag) {
  http::Fields request;
  request.add("If-None-Match", if_none_match, http::FieldId::Other);
  http::Fields response;
  response.add("ETag", etag, http::FieldId::Other);
  std::string scratch;
  const bool is_weaker = weaken_known_etag(request, response, scratch);
  CHECK(is_weaker == (response.begin()->value != etag));
  return text_of(response);
}

}  // namespace

TEST_CASE("the client's weights choose, then our order", "[compress]") {
  CHECK(chosen("gzip, br, zstd") == Coding::Zstd);
  CHECK(chosen("gzip, br") == Coding::Brotli);
  CHECK(chosen("gzip") == Coding::Gzip);
  CHECK(chosen("gzip;q=0.9, br;q=0.8, zstd;q=0.1") == Coding::Gzip);
  CHECK(chosen("zstd;q=0, br;q=0.001") == Coding::Brotli);
  CHECK(chosen("*") == Coding::Zstd);
  CHECK(chosen("*;q=0.5, gzip") == Coding::Gzip);
  CHECK(chosen("zstd;q=0, *") == Coding::Brotli);
  CHECK(chosen("gzip, br, zstd", {.codings = {Coding::Gzip, Coding::Zstd}}) == Coding::Gzip);
  CHECK(chosen("zstd, br", {.codings = {Coding::Gzip}}) == std::nullopt);
}

TEST_CASE("a body leaves as it is when the client wants that, or nothing of ours", "[compress]") {
  for (const char* accept : {"", "identity", "deflate", "gzip;q=0", "gzip;q=0.5, identity",
                             "gzip;q=0.5, *;q=0, identity;q=0.8", "br;q=nonsense"}) {
    CAPTURE(accept);
    CHECK(chosen(accept) == std::nullopt);
  }
  Case silent;
  silent.request.clear();
  CHECK(silent.verdict().varies);
  CHECK_FALSE(silent.verdict().coding);
  // Alike: there is less to send.
  CHECK(chosen("gzip, identity") == Coding::Gzip);
  // It takes nothing that there is; what it does not want is better than nothing.
  CHECK(chosen("identity;q=0") == std::nullopt);
  CHECK(chosen("identity;q=0, gzip;q=0.1") == Coding::Gzip);
}

TEST_CASE("the smallest body counts where the length is known", "[compress]") {
  CHECK_FALSE(Case{.body = length(1023)}.verdict().varies);
  CHECK(Case{.body = length(1024)}.verdict().coding);
  CHECK(Case{.body = length(1024)}.verdict().body_bytes == 1024U);
  CHECK(Case{.body = kChunked}.verdict().coding);
  CHECK(Case{.body = kChunked}.verdict().body_bytes == std::nullopt);
  CHECK(Case{.body = {BodyFraming::Kind::UntilClose, 0}}.verdict().coding);
  CHECK(Case{.min_bytes = 0, .body = length(1)}.verdict().coding);
  CHECK_FALSE(Case{.min_bytes = 0, .body = length(0)}.verdict().varies);
  CHECK_FALSE(Case{.body = {}}.verdict().varies);
}

TEST_CASE("what must not be encoded is not", "[compress]") {
  CHECK(Case{}.verdict().coding);
  for (const int status : {204, 206}) CHECK_FALSE(Case{.status = status}.verdict().varies);
  for (const int status : {200, 201, 301, 404, 503}) CHECK(Case{.status = status}.verdict().coding);
  const Lines never = {{"content-encoding", "br"},       {"Content-Encoding", "identity"},
                       {"Content-Range", "bytes */9"},   {"Cache-Control", "public, No-Transform"},
                       {"Repr-Digest", "sha-256=:00=:"}, {"Content-Digest", "sha-256=:00=:"},
                       {"Digest", "sha-256=00="},        {"Content-MD5", "00=="}};
  for (const auto& field : never) {
    CAPTURE(field.first, field.second);
    CHECK_FALSE(Case{.response = {{"Content-Type", "text/html"}, field}}.verdict().varies);
  }
  CHECK_FALSE(Case{.response = {}}.verdict().varies);
  CHECK_FALSE(Case{.response = {{"Content-Type", "image/png"}}}.verdict().varies);
}

TEST_CASE("a 304 varies as the response that it stands for may have", "[compress]") {
  CHECK(Case{.status = 304}.verdict().varies);
  CHECK_FALSE(Case{.status = 304}.verdict().coding);
  CHECK_FALSE(Case{.status = 304, .response = {{"Content-Type", "image/png"}}}.verdict().varies);
  CHECK_FALSE(
      Case{.status = 304, .response = {{"Cache-Control", "no-transform"}}}.verdict().varies);
}

TEST_CASE("a client can have the body as it is", "[compress]") {
  const Case asks{.request = {{"Accept-Encoding", "gzip"}, {"Cache-Control", "no-transform"}}};
  CHECK(asks.verdict().varies);
  CHECK_FALSE(asks.verdict().coding);
  const Case old{.version = http::Version::Http10};
  CHECK(old.verdict().varies);
  CHECK_FALSE(old.verdict().coding);
  CHECK(Case{.version = http::Version::Http2}.verdict().coding);
}

TEST_CASE("HEAD gets the verdict of GET", "[compress]") {
  using http::Method;
  CHECK(Case{.method = Method::Head}.verdict().coding);
  CHECK_FALSE(Case{.method = Method::Head, .body = length(1023)}.verdict().varies);
  // As a target answers it: there is no body, but its length may be told.
  const auto told = [](const char* bytes) {
    return Case{.method = Method::Head,
                .response = {{"Content-Type", "text/html"}, {"Content-Length", bytes}},
                .body = {}};
  };
  CHECK(told("1024").verdict().coding);
  CHECK_FALSE(told("1023").verdict().varies);
  CHECK(Case{.method = Method::Head, .body = {}}.verdict().coding);
}

TEST_CASE("Vary names Accept-Encoding once", "[compress]") {
  CHECK(varied({}) == "Vary: Accept-Encoding\n");
  CHECK(varied({{"Vary", "Origin"}}) == "Vary: Origin\nVary: Accept-Encoding\n");
  for (const char* has : {"accept-encoding", "Origin, Accept-Encoding", "*", "Origin, *"}) {
    CAPTURE(has);
    CHECK(varied({{"vary", has}}) == std::string("vary: ") + has + "\n");
  }
}

TEST_CASE("the head of an encoded body says what is true of that", "[compress]") {
  CHECK(encoded_head({{"Content-Type", "text/html"},
                      {"Content-Length", "5000"},
                      {"Accept-Ranges", "bytes"},
                      {"ETag", "\"a\""}}) ==
        "Content-Type: text/html\nETag: W/\"a\"\nContent-Encoding: br\n");
  CHECK(encoded_head({{"etag", "W/\"a\""}}) == "etag: W/\"a\"\nContent-Encoding: br\n");
  CHECK(encoded_head({{"ETag", "a"}}) == "Content-Encoding: br\n");
  CHECK(encoded_head({{"ETag", "\"a\""}, {"ETag", "\"b\""}}) ==
        "ETag: W/\"a\"\nContent-Encoding: br\n");
}

TEST_CASE("a 304 says the ETag as the client has it", "[compress]") {
  CHECK(not_modified("W/\"a\"", "\"a\"") == "ETag: W/\"a\"\n");
  CHECK(not_modified("\"b\", W/\"a\"", "\"a\"") == "ETag: W/\"a\"\n");
  CHECK(not_modified("\"a\"", "\"a\"") == "ETag: \"a\"\n");
  CHECK(not_modified("*", "\"a\"") == "ETag: \"a\"\n");
  CHECK(not_modified("W/\"a\"", "W/\"a\"") == "ETag: W/\"a\"\n");
  CHECK(not_modified("W/\"b\"", "\"a\"") == "ETag: \"a\"\n");
}

}  // namespace prox::compress
