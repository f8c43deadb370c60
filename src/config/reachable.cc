#include "config/reachable.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
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
  bool forward_proxy = false;
  // It asks for something of the request's fields, query or client, too: then it covers no other. Whether two of them ask for the same
  // is not looked into.
  bool is_narrowed = false;
};

Criteria criteria_of(const RouteDraft& route) {
  Criteria criteria{&route, {}, {}, {}, false, false};
  if (!route.route.match) return criteria;
  const Match& match = *route.route.match;
  if (match.domain) criteria.labels = split(in_case(match.domain->value, 'A', 'Z'), '.');
  if (match.path) criteria.paths = split(match.path->value, ',');
  for (std::string& path : criteria.paths) path = trimmed(path);
  for (const Text& method : match.methods) {
    criteria.methods.push_back(in_case(method.value, 'a', 'z'));
  }
  criteria.forward_proxy = match.forward_proxy;
  criteria.is_narrowed = !match.headers.empty() || !match.query.empty() || !match.client.empty();
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
  return wide.forward_proxy == narrow.forward_proxy && domain_covers(wide.labels, narrow.labels) &&
         list_covers(wide.methods, narrow.methods, same) &&
         list_covers(wide.paths, narrow.paths, path_covers);
}

// Pass routes are looked up by SNI, before any request is seen: the order of other routes does not hide them.
bool is_pass(const RouteDraft& route, Draft& draft) {
  const ActionDraft* action = draft.find_action(route.route.action.value);
  return action != nullptr && action->is_known && action->action.type() == ActionType::Pass;
}

// What a domain pattern must share with every narrower one: a label at its place, or the beginning or end of one. "=a.b" is the whole of
// a domain without stars, "1:b" its second label, "0:pre*" and "0:*suf" what the first one begins and ends with.
using Anchors = std::vector<std::string>;

bool has_star(std::string_view label) { return label.find('*') != std::string_view::npos; }

// Of a pattern that may be the wider one. Any of them will do to find it by.
Anchors anchors_of(const std::vector<std::string>& labels) {
  Anchors anchors;
  if (std::none_of(labels.begin(), labels.end(), has_star))
    return {fmt::format("={}", fmt::join(labels, "."))};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::size_t star = labels[i].find('*');
    if (star == std::string::npos) {
      anchors.push_back(fmt::format("{}:{}", i, labels[i]));
    } else if (labels[i] != "**") {
      if (star > 0) anchors.push_back(fmt::format("{}:{}", i, labels[i].substr(0, star + 1)));
      if (star + 1 < labels[i].size())
        anchors.push_back(fmt::format("{}:{}", i, labels[i].substr(star)));
    }
  }
  return anchors;
}

// Of a pattern that may be the narrower one: all that a wider one can have.
Anchors shared_anchors(const std::vector<std::string>& labels) {
  Anchors anchors = {"", fmt::format("={}", fmt::join(labels, "."))};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::string& label = labels[i];
    const std::size_t star = std::min(label.find('*'), label.size());
    if (star == label.size()) anchors.push_back(fmt::format("{}:{}", i, label));
    for (std::size_t size = 1; size <= star; ++size)
      anchors.push_back(fmt::format("{}:{}*", i, label.substr(0, size)));
    const std::size_t behind = star == label.size() ? 0 : star + 1;
    for (std::size_t at = behind; at < label.size(); ++at)
      anchors.push_back(fmt::format("{}:*{}", i, label.substr(at)));
  }
  return anchors;
}

// The routes before one, indexed so that only those are compared with it that have a chance: that share an anchor of the domain, and have
// a path item that begins its first one. Otherwise thousands of routes would each be held against thousands.
class EarlierRoutes {
 public:
  // `all`: those that may be added. Each is found by its rarest anchor.
  explicit EarlierRoutes(const std::vector<Criteria>& all);

  void add(const Criteria& criteria);
  // The first of them that covers it, or nullptr.
  const Criteria* find(const Criteria& narrow) const;

 private:
  using ByPath = std::unordered_map<std::string, std::vector<std::size_t>>;  // by path item, or ""

  std::string rarest_anchor(const Criteria& criteria) const;
  static std::vector<std::string> wider_paths(const Criteria& narrow);

  std::unordered_map<std::string, std::size_t> uses_;  // of each anchor
  std::vector<const Criteria*> routes_;
  std::unordered_map<std::string, ByPath> index_;  // by anchor, or "" for those without
};

EarlierRoutes::EarlierRoutes(const std::vector<Criteria>& all) {
  for (const Criteria& criteria : all) {
    if (criteria.labels.empty()) continue;
    for (const std::string& anchor : anchors_of(criteria.labels)) ++uses_[anchor];
  }
}

std::string EarlierRoutes::rarest_anchor(const Criteria& criteria) const {
  if (criteria.labels.empty()) return {};
  const Anchors anchors = anchors_of(criteria.labels);
  const auto rarest =
      std::min_element(anchors.begin(), anchors.end(),
                       [&](const auto& a, const auto& b) { return uses_.at(a) < uses_.at(b); });
  return rarest == anchors.end() ? std::string() : *rarest;
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

void EarlierRoutes::add(const Criteria& criteria) {
  ByPath& by_path = index_[rarest_anchor(criteria)];
  for (const std::string& path : criteria.paths) by_path[path].push_back(routes_.size());
  if (criteria.paths.empty()) by_path[""].push_back(routes_.size());
  routes_.push_back(&criteria);
}

const Criteria* EarlierRoutes::find(const Criteria& narrow) const {
  std::size_t best = routes_.size();
  const std::vector<std::string> paths = wider_paths(narrow);
  const auto covers_it = [&](std::size_t i) { return covers(*routes_[i], narrow); };
  for (const std::string& anchor : shared_anchors(narrow.labels)) {
    const auto by_path = index_.find(anchor);
    if (by_path == index_.end()) continue;
    for (const std::string& path : paths) {
      const auto candidates = by_path->second.find(path);
      if (candidates == by_path->second.end()) continue;
      const auto winner =
          std::find_if(candidates->second.begin(), candidates->second.end(), covers_it);
      if (winner != candidates->second.end()) best = std::min(best, *winner);
    }
  }
  return best == routes_.size() ? nullptr : routes_[best];
}

std::vector<Criteria> comparable_routes(const ServiceDraft& service, Draft& draft) {
  std::vector<Criteria> all;
  for (const RouteDraft& route : service.routes) {
    if (route.comparable && !is_pass(route, draft)) all.push_back(criteria_of(route));
  }
  return all;
}

}  // namespace

void warn_of_unreachable(const Context& context, const ServiceDraft& service, Draft& draft) {
  const std::vector<Criteria> all = comparable_routes(service, draft);
  EarlierRoutes earlier(all);
  for (const Criteria& criteria : all) {
    const Criteria* winner = earlier.find(criteria);
    if (winner == nullptr) {
      if (!criteria.is_narrowed) earlier.add(criteria);
      continue;
    }
    Diagnostic& warning = context.diagnostics.warning(
        "route-unreachable", criteria.route->route.place,
        fmt::format("never reached: route #{} already matches everything this does",
                    winner->route->index));
    warning.notes.push_back({winner->route->route.place, "that route is here"});
    if (criteria.route->use) warning.notes.push_back(*criteria.route->use);
  }
}

}  // namespace prox::config
