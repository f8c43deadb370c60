#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prox::routing {

// How inserted values are made safe for the text around them.
enum class Escape : std::uint8_t {
  Raw,      // CR and LF removed
  Html,     // & < > " ' as entities
  Json,     // as inside a JSON string
  Field,    // control characters removed: part of a field value (RFC 9110 §5.5)
  Uri,      // part of a URI reference: what may not stand in one is percent-encoded (RFC 3986 §2)
  UriPath,  // a decoded path, for a URI: "%", "?" and "#" are encoded, too
};

// Appends `text` to `out`, made safe.
void append(std::string& out, std::string_view text, Escape escape);

// The escaping that a Content-Type asks for.
Escape escape_for(std::string_view content_type);

// The built-in variables of a template.
enum class Variable : std::uint8_t {
  Domain,
  DomainPattern,
  MatchDomain,
  MatchGlob,
  Path,
  MatchPath,
  Method,
  Host,
  Uri,
  Client,
  Sni,
  TlsClientSubject,
  TlsClientFingerprint,
  Target,
  Header,  // {header.NAME}: a field of the request
  Cookie,  // {cookie.NAME}
};

// Gives values to a template while it renders. Values may be empty.
class VariableSource {
 public:
  // `name`: NAME, of those that have one.
  virtual std::string_view value(Variable variable, std::string_view name) const = 0;

 protected:
  ~VariableSource() = default;
};

// A text with `{name}` placeholders, compiled once. Rendered in one pass from left to right; inserted text is never looked at again. Names
// that are neither built in nor in `set` stay as text. A name in `set` hides the built-in one. Values of both kinds are escaped.
class Template {
 public:
  Template() = default;
  Template(std::string_view text, std::span<const std::pair<std::string, std::string>> set);

  bool is_constant() const { return parts_.empty(); }
  // The text, if constant.
  const std::string& constant() const { return literals_; }
  // Appends to `out`.
  void render(const VariableSource& source, Escape escape, std::string& out) const;

 private:
  struct Part {
    std::uint32_t literal_end;         // literals_ up to here stand before it
    std::optional<Variable> variable;  // none: a text of `set`
    std::uint32_t text = 0;            // index into texts_: that text, or a variable's NAME
  };
  static std::optional<Part> resolve(std::string_view name,
                                     std::span<const std::pair<std::string, std::string>> set,
                                     std::vector<std::string>& texts);

  std::string literals_;
  std::vector<Part> parts_;
  std::vector<std::string> texts_ = {""};  // the first is the NAME of those that have none
};

}  // namespace prox::routing
