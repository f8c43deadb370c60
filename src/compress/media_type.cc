#include "compress/media_type.h"

#include <algorithm>
#include <iterator>

#include "prox/http/fields.h"

namespace prox::compress {

namespace {

using base::Slice;
using http::equal_ignoring_case;

// Beside text/*, and what ends in +json or +xml.
constexpr Slice kTypes[] = {
    "application/graphql",
    "application/javascript",
    "application/json",
    "application/jsonl",
    "application/vnd.ms-fontobject",
    "application/wasm",
    "application/x-javascript",
    "application/x-ndjson",
    "application/xml",
    "application/xml-dtd",
    "application/yaml",
    "font/otf",
    "font/ttf",
    "image/bmp",
    "image/vnd.microsoft.icon",
    "image/x-icon",
};

bool starts_with(Slice type, Slice prefix) {
  return equal_ignoring_case(type.substr(0, prefix.size()), prefix);
}

bool ends_with(Slice type, Slice suffix) {
  return type.size() > suffix.size() &&
         equal_ignoring_case(type.substr(type.size() - suffix.size()), suffix);
}

}  // namespace

bool is_compressible(Slice content_type) {
  Slice type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  if (starts_with(type, "application/grpc")) return false;
  if (starts_with(type, "text/") || ends_with(type, "+json") || ends_with(type, "+xml"))
    return true;
  return std::any_of(std::begin(kTypes), std::end(kTypes),
                     [type](Slice known) { return equal_ignoring_case(type, known); });
}

}  // namespace prox::compress
