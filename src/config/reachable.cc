#include "config/reachable.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prox::config {
namespace {

std::string in_case(std::string_view text, char from, char to) {
  std::string result(text);
  const int shift = (from == 'a') ? -32 : 32;
  std::transform(result.begin(), result.end(), result.begin(),
                 [&](char c) { return c >= from && c <= to ? static_cast<char>(c + shift) : c; });
  return result;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  return first == std::string::npos ? std::string()
                                    : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// A match in the form that two of them are compared in.
struct Criteria {
  const RouteDraft* route;
  std::vector<std::string> labels;   // of the domain, in lower case; empty: any
  std::vector<std::string> paths;    // empty: any
  std::vector<std::string> methods;  // in upper case; empty: any
};

Criteria criteria_of(const RouteDraft& route) {
  Criteria criteria{&route, {}, {}, {}};
  if (!route.route.match) return criteria;
  const Match& match = *route.route.match;
  if (match.domain) criteria.labels = split(in_case(match.domain->value, 'A', 'Z'), '.');
  if (match.path) criteria.paths = split(match.path->value, ',');
  for (std::string& path : criteria.paths) path = trimmed(path);
  for (const Text& method : match.methods) {
    criteria.methods.push_back(in_case(method.value, 'a', 'z'));
  }
  return criteria;
}

bool label_covers(std::string_view wide, std::string_view narrow) {
  const std::size_t star = wide.find('*');
  if (star == std::string_view::npos || narrow == "**") return wide == narrow;
  if (wide.size() == 1) return true;
  const std::string_view prefix = wide.substr(0, star);
  const std::string_view suffix = wide.substr(star + 1);
  // The narrow label's own star must lie in the part that the wide one's takes.
  return narrow.size() >= prefix.size() + suffix.size() && narrow.starts_with(prefix) &&
         narrow.ends_with(suffix);
}

bool domain_covers(const std::vector<std::string>& wide, const std::vector<std::string>& narrow) {
  if (wide.empty()) return true;
  if (narrow.empty()) return false;
  const bool glob = wide.back() == "**";
  const std::size_t fixed = wide.size() - (glob ? 1 : 0);
  if (glob ? narrow.size() <= fixed : narrow.size() != fixed) return false;
  return std::equal(wide.begin(), wide.begin() + static_cast<std::ptrdiff_t>(fixed), narrow.begin(),
                    label_covers);
}

bool path_covers(std::string_view wide, std::string_view narrow) {
  if (!wide.ends_with("/*")) return wide == narrow;
  wide.remove_suffix(1);
  if (narrow.ends_with("/*")) narrow.remove_suffix(1);
  return narrow.starts_with(wide);
}

// Whether each of `narrow` is covered by one of `wide`, where an empty list is everything.
template <typename Covers>
bool list_covers(const std::vector<std::string>& wide, const std::vector<std::string>& narrow,
                 Covers covers) {
  if (wide.empty()) return true;
  if (narrow.empty()) return false;
  return std::all_of(narrow.begin(), narrow.end(), [&](const std::string& n) {
    return std::any_of(wide.begin(), wide.end(),
                       [&](const std::string& w) { return covers(w, n); });
  });
}

bool covers(const Criteria& wide, const Criteria& narrow) {
  const auto same = [](std::string_view a, std::string_view b) { return a == b; };
  return domain_covers(wide.labels, narrow.labels) &&
         list_covers(wide.methods, narrow.methods, same) &&
         list_covers(wide.paths, narrow.paths, path_covers);
}

// Pass routes are looked up by SNI, before any request is seen: the order of other routes does not hide them.
bool is_pass(const RouteDraft& route, Draft& draft) {
  const ActionDraft* action = draft.find_action(route.route.action.value);
  return action != nullptr && action->is_known && action->action.type() == ActionType::Pass;
}

// The routes before one, indexed so that only those are compared with it that have a chance: of its own domain or of none in particular,
// with a path item that begins its first one. Otherwise thousands of routes would each be held against thousands.
class EarlierRoutes {
 public:
  void add(Criteria criteria);
  // The first of them that covers it, or nullptr.
  const Criteria* find(const Criteria& narrow) const;

 private:
  using Key =
      std::pair<std::string, std::string>;  // a domain without stars or "", and a path item or ""

  static std::string domain_key(const Criteria& criteria);
  static std::vector<std::string> wider_paths(const Criteria& narrow);

  std::vector<Criteria> routes_;
  std::map<Key, std::vector<std::size_t>> index_;
};

std::string EarlierRoutes::domain_key(const Criteria& criteria) {
  std::string domain;
  for (const std::string& label : criteria.labels) {
    if (label.find('*') != std::string::npos) return {};
    domain += label + '.';
  }
  return domain;
}

std::vector<std::string> EarlierRoutes::wider_paths(const Criteria& narrow) {
  std::vector<std::string> paths = {""};
  if (narrow.paths.empty()) return paths;
  const std::string& first = narrow.paths.front();
  paths.push_back(first);
  for (std::size_t slash = first.find('/'); slash != std::string::npos;
       slash = first.find('/', slash + 1)) {
    paths.push_back(first.substr(0, slash + 1) + '*');
  }
  return paths;
}

void EarlierRoutes::add(Criteria criteria) {
  const std::string domain = domain_key(criteria);
  for (const std::string& path : criteria.paths) index_[{domain, path}].push_back(routes_.size());
  if (criteria.paths.empty()) index_[{domain, ""}].push_back(routes_.size());
  routes_.push_back(std::move(criteria));
}

const Criteria* EarlierRoutes::find(const Criteria& narrow) const {
  std::size_t best = routes_.size();
  for (const std::string& domain : std::set<std::string>{"", domain_key(narrow)}) {
    for (const std::string& path : wider_paths(narrow)) {
      const auto candidates = index_.find({domain, path});
      if (candidates == index_.end()) continue;
      const auto covers_it = [&](std::size_t i) { return covers(routes_[i], narrow); };
      const auto winner =
          std::find_if(candidates->second.begin(), candidates->second.end(), covers_it);
      if (winner != candidates->second.end()) best = std::min(best, *winner);
    }
  }
  return best == routes_.size() ? nullptr : &routes_[best];
}

}  // namespace

void warn_of_unreachable(const Context& context, const ServiceDraft& service, Draft& draft) {
  EarlierRoutes earlier;
  for (const RouteDraft& route : service.routes) {
    if (!route.comparable || is_pass(route, draft)) continue;
    Criteria criteria = criteria_of(route);
    const Criteria* winner = earlier.find(criteria);
    if (winner == nullptr) {
      earlier.add(std::move(criteria));
      continue;
    }
    Diagnostic& warning = context.diagnostics.warning(
        "route-unreachable", route.route.place,
        fmt::format("never reached: route #{} already matches everything this does",
                    winner->route->index));
    warning.notes.push_back({winner->route->route.place, "that route is here"});
    if (route.use) warning.notes.push_back(*route.use);
  }
}

}  // namespace prox::config
