#include "prox/routing/pattern.h"

#include "routing/labels.h"
#include "routing/lower_case.h"

namespace prox::routing {

namespace {

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

PathPattern parse_path(std::string_view item) {
  PathPattern pattern{std::string(item), std::string(item), false};
  if (item.ends_with("/*")) {
    pattern.prefix.pop_back();
    pattern.is_prefix = true;
  }
  return pattern;
}

}  // namespace

DomainPattern::DomainPattern(std::string_view pattern) : text_(pattern), lower_(pattern) {
  copy_lower(text_, lower_.data());
  exact_ = lower_.find('*') == lower_.npos;
  glob_ = lower_.ends_with(".**");
  std::string_view rest = lower_;
  if (glob_) rest.remove_suffix(3);
  while (!rest.empty()) {
    const LabelShape shape(pop_first_label(rest));
    labels_.push_back({std::string(shape.prefix), std::string(shape.suffix), shape.star});
  }
}

bool DomainPattern::matches(std::string_view host, Captures* captures) const {
  if (captures != nullptr) {
    captures->stars.clear();
    captures->glob = {};
  }
  if (exact_) return host == lower_;
  if (!has_full_labels(host)) return false;
  for (const Label& label : labels_) {
    if (host.empty()) return false;
    const std::string_view part = pop_first_label(host);
    if (!label.star) {
      if (part != label.prefix) return false;
      continue;
    }
    const std::size_t fixed = label.prefix.size() + label.suffix.size();
    if (part.size() < fixed || !part.starts_with(label.prefix) || !part.ends_with(label.suffix))
      return false;
    if (captures != nullptr && part.size() > fixed) {
      captures->stars.push_back(part.substr(label.prefix.size(), part.size() - fixed));
    }
  }
  if (captures != nullptr && glob_) captures->glob = host;
  return host.empty() != glob_;
}

bool PathPattern::matches(std::string_view path) const {
  return is_prefix ? path.starts_with(prefix) : path == prefix;
}

std::vector<PathPattern> parse_paths(std::string_view list) {
  std::vector<PathPattern> patterns;
  while (true) {
    const std::size_t comma = list.find(',');
    patterns.push_back(parse_path(trim(list.substr(0, comma))));
    if (comma == list.npos) return patterns;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace prox::routing
