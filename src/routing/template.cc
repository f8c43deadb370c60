#include "prox/routing/template.h"

#include <algorithm>
#include <optional>

#include "prox/base/assert.h"
#include "prox/config/placeholders.h"
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

constexpr Name kBeginnings[] = {{"header.", Variable::Header}, {"cookie.", Variable::Cookie}};

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

// The route's own names come first: its author may need one that is built in, too.
std::optional<Template::Part> Template::resolve(
    std::string_view name, std::span<const std::pair<std::string, std::string>> set,
    std::vector<std::string>& texts) {
  const auto add = [&](std::string_view text) {
    texts.emplace_back(text);
    return static_cast<std::uint32_t>(texts.size() - 1);
  };
  for (const auto& [own, value] : set) {
    if (own == name) return Part{0, std::nullopt, add(value)};
  }
  for (const Name& known : kNames) {
    if (known.text == name) return Part{0, known.variable};
  }
  for (const Name& known : kBeginnings) {
    if (name.size() > known.text.size() && name.starts_with(known.text) &&
        config::is_variable_name(name))
      return Part{0, known.variable, add(name.substr(known.text.size()))};
  }
  return std::nullopt;
}

Template::Template(std::string_view text,
                   std::span<const std::pair<std::string, std::string>> set) {
  PROX_ASSERT(text.size() < UINT32_MAX);
  while (!text.empty()) {
    const std::size_t open = std::min(text.find('{'), text.size());
    literals_ += text.substr(0, open);
    text.remove_prefix(open);
    if (text.empty()) return;
    // Another "{" before the "}" means that this one opens nothing: {"p":"{path}"}.
    const std::size_t end = std::min(text.find_first_of("{}", 1), text.size());
    const bool closed = end < text.size() && text[end] == '}';
    std::optional<Part> part =
        closed ? resolve(text.substr(1, end - 1), set, texts_) : std::nullopt;
    if (part) {
      part->literal_end = static_cast<std::uint32_t>(literals_.size());
      parts_.push_back(*part);
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
    const std::string_view text = texts_[part.text];
    const std::string_view value = part.variable ? source.value(*part.variable, text) : text;
    // A path is decoded: its percent signs are no longer those of triples, as they are in other values.
    const bool is_path = part.variable == Variable::Path;
    append(out, value, is_path && escape == Escape::Uri ? Escape::UriPath : escape);
  }
  out += literals.substr(done);
}

}  // namespace prox::routing
