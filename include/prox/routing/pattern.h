#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace prox::routing {

// One domain pattern of a `match`, compiled. The pattern must have passed the config's checks.
// Matching is the same for a request's host and for an SNI.
class DomainPattern {
 public:
  struct Captures {
    std::vector<std::string_view> stars;  // non-empty parts that `*` matched, in order
    std::string_view glob;                // what `**` matched
  };

  explicit DomainPattern(std::string_view pattern);

  // `host` is lower-case, without port, brackets kept, without a trailing dot. Captures point into it; what they held before is dropped,
  // and what they hold after a mismatch means nothing.
  bool matches(std::string_view host, Captures* captures = nullptr) const;
  bool is_exact() const { return exact_; }
  bool has_glob() const { return glob_; }
  const std::string& text() const { return text_; }  // as written
  const std::string& lower_case() const { return lower_; }

 private:
  struct Label {
    std::string prefix;
    std::string suffix;
    bool star = false;
  };
  std::string text_;
  std::string lower_;
  std::vector<Label> labels_;
  bool exact_ = true;
  bool glob_ = false;
};

// One item of a `match.path` list: exact, or a prefix when it ends in "/*".
struct PathPattern {
  std::string text;    // the item as written, trimmed
  std::string prefix;  // what a path must equal, or begin with: "/api/" for "/api/*"
  bool is_prefix = false;

  bool matches(std::string_view path) const;
};

// The items of a `match.path` value that has passed the config's checks.
std::vector<PathPattern> parse_paths(std::string_view list);

}  // namespace prox::routing
