#include "prox/config/diagnostic.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "config/utf8.h"

namespace prox::config {
namespace {

Diagnostic make(Severity severity, std::string_view id, std::string message, std::string help) {
  Diagnostic d;
  d.severity = severity;
  d.id = id;
  d.message = std::move(message);
  d.help = std::move(help);
  return d;
}

std::u32string code_points(std::string_view text) {
  std::u32string result;
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    result.push_back(c.value);
    text.remove_prefix(std::max<std::size_t>(1, c.length));
  }
  return result;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

// Insertions, deletions, substitutions and swaps of neighbours, with no place edited twice (optimal string alignment).
std::size_t distance(const std::u32string& a, const std::u32string& b) {
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before, above);
    std::swap(above, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, substituted});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

bool says_same(const Diagnostic& a, const Diagnostic& b) {
  return a.severity == b.severity && a.id == b.id && a.help == b.help && a.notes == b.notes &&
         a.message == b.message;
}

std::size_t allowed_distance(std::size_t length) {
  if (length <= 4) return 1;
  return length <= 8 ? 2 : 3;
}

}  // namespace

Diagnostic& Diagnostics::error(std::string_view id, Place place, std::string message,
                               std::string help) {
  ++errors_;
  list_.push_back(make(Severity::Error, id, std::move(message), std::move(help)));
  list_.back().place = place;
  return list_.back();
}

Diagnostic& Diagnostics::warning(std::string_view id, Place place, std::string message,
                                 std::string help) {
  list_.push_back(make(Severity::Warning, id, std::move(message), std::move(help)));
  list_.back().place = place;
  return list_.back();
}

Diagnostic& Diagnostics::error(std::string_view id, std::string message, std::string help) {
  ++errors_;
  list_.push_back(make(Severity::Error, id, std::move(message), std::move(help)));
  list_.back().has_place = false;
  return list_.back();
}

std::size_t Diagnostics::warnings() const { return list_.size() - errors_; }

void Diagnostics::sort() {
  const auto key = [](const Diagnostic& d) {
    return d.has_place ? std::tuple(1, d.place.file, d.place.offset) : std::tuple(0, 0u, 0u);
  };
  std::stable_sort(list_.begin(), list_.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return key(a) < key(b); });
  std::vector<Diagnostic> kept;
  for (Diagnostic& d : list_) {
    const auto earlier = std::find_if(kept.rbegin(), kept.rend(), [&](const Diagnostic& k) {
      return key(k) != key(d) || says_same(k, d);
    });
    const bool is_said = earlier != kept.rend() && key(*earlier) == key(d);
    if (!is_said) kept.push_back(std::move(d));
  }
  list_ = std::move(kept);
}

void Diagnostics::add_note(std::size_t first, const Diagnostic::Note& note) {
  for (std::size_t i = first; i < list_.size(); ++i) list_[i].notes.push_back(note);
}

void Diagnostics::make_warnings_errors() {
  for (Diagnostic& d : list_) {
    if (d.severity == Severity::Warning) d.severity = Severity::Error;
  }
  errors_ = list_.size();
}

std::optional<std::string_view> nearest(std::string_view word,
                                        const std::vector<std::string_view>& known) {
  const std::u32string from = code_points(word);
  std::size_t best_distance = allowed_distance(from.size());
  std::optional<std::string_view> best;
  for (const std::string_view candidate : known) {
    const std::u32string to = code_points(candidate);
    // Every character more or less is one edit; so no long name is ever compared with a short one.
    const std::size_t lengths_apart =
        std::max(from.size(), to.size()) - std::min(from.size(), to.size());
    if (lengths_apart > best_distance) continue;
    const std::size_t d = equals_ignoring_case(word, candidate) ? 0 : distance(from, to);
    if (d < best_distance || (d == best_distance && (!best || candidate < *best))) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace prox::config
