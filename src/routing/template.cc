#include "prox/routing/template.h"

#include <algorithm>
#include <optional>

#include "prox/base/assert.h"
#include "routing/escape.h"
#include "routing/lower_case.h"

namespace prox::routing {

namespace {

struct Name {
  std::string_view text;
  Variable variable;
};

constexpr Name kNames[] = {
    {"domain", Variable::Domain},
    {"domain.pattern", Variable::DomainPattern},
    {"match.domain", Variable::MatchDomain},
    {"match.glob", Variable::MatchGlob},
    {"path", Variable::Path},
    {"match.path", Variable::MatchPath},
    {"method", Variable::Method},
    {"host", Variable::Host},
    {"uri", Variable::Uri},
    {"client", Variable::Client},
    {"sni", Variable::Sni},
    {"tls.client.subject", Variable::TlsClientSubject},
    {"tls.client.fingerprint", Variable::TlsClientFingerprint},
    {"target", Variable::Target},
};

// A Variable, or -1 - index into `set`. The route's own names come first: its author may need one that is built in, too.
std::optional<std::int32_t> resolve(std::string_view name,
                                    std::span<const std::pair<std::string, std::string>> set) {
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (set[i].first == name) return -1 - static_cast<std::int32_t>(i);
  }
  for (const Name& known : kNames) {
    if (known.text == name) return static_cast<std::int32_t>(known.variable);
  }
  return std::nullopt;
}

}  // namespace

void append(std::string& out, std::string_view text, Escape escape) {
  switch (escape) {
    case Escape::Raw: return append_raw(out, text);
    case Escape::Html: return append_html(out, text);
    case Escape::Json: return append_json(out, text);
    case Escape::Field: return append_field(out, text);
    case Escape::Uri: return append_uri(out, text);
    case Escape::UriPath: return append_uri_path(out, text);
  }
}

Escape escape_for(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  const std::size_t first = content_type.find_first_not_of(" \t");
  if (first == content_type.npos) return Escape::Raw;
  content_type = content_type.substr(first, content_type.find_last_not_of(" \t") - first + 1);
  std::string type(content_type);
  copy_lower(type, type.data());
  // application/xhtml+xml is among the "+xml" types.
  if (type == "text/html" || type.ends_with("/xml") || type.ends_with("+xml")) return Escape::Html;
  if (type == "application/json" || type.ends_with("+json")) return Escape::Json;
  return Escape::Raw;
}

Template::Template(std::string_view text,
                   std::span<const std::pair<std::string, std::string>> set) {
  PROX_ASSERT(text.size() < UINT32_MAX);
  for (const auto& [name, value] : set) set_.push_back(value);
  while (!text.empty()) {
    const std::size_t open = std::min(text.find('{'), text.size());
    literals_ += text.substr(0, open);
    text.remove_prefix(open);
    if (text.empty()) return;
    // Another "{" before the "}" means that this one opens nothing: {"p":"{path}"}.
    const std::size_t end = std::min(text.find_first_of("{}", 1), text.size());
    const bool closed = end < text.size() && text[end] == '}';
    const std::optional<std::int32_t> variable =
        closed ? resolve(text.substr(1, end - 1), set) : std::nullopt;
    if (variable) {
      parts_.push_back({static_cast<std::uint32_t>(literals_.size()), *variable});
    } else {
      literals_ += text.substr(0, closed ? end + 1 : end);
    }
    text.remove_prefix(closed ? end + 1 : end);
  }
}

void Template::render(const VariableSource& source, Escape escape, std::string& out) const {
  const std::string_view literals = literals_;
  std::size_t done = 0;
  for (const Part& part : parts_) {
    out += literals.substr(done, part.literal_end - done);
    done = part.literal_end;
    const std::string_view value =
        part.variable < 0 ? std::string_view(set_[static_cast<std::size_t>(-1 - part.variable)])
                          : source.value(static_cast<Variable>(part.variable));
    // A path is decoded: its percent signs are no longer those of triples, as they are in other values.
    const bool is_path = part.variable == static_cast<std::int32_t>(Variable::Path);
    append(out, value, is_path && escape == Escape::Uri ? Escape::UriPath : escape);
  }
  out += literals.substr(done);
}

}  // namespace prox::routing
