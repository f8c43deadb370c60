#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "config/rules.h"

// Serve actions: what their values may be.
namespace prox::config {
namespace {

// What a file can be refused with.
constexpr std::array<std::string_view, 3> kErrorPages = {"403", "404", "500"};

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

void check_index(const Rules& rules, const ServeAction& serve) {
  for (const Text& name : serve.index) {
    const bool is_name = !name.value.empty() && !name.value.starts_with('.') &&
                         name.value.find('/') == std::string::npos;
    if (is_name) continue;
    rules.diagnostics().error("serve-index", name.place,
                              fmt::format("\"{}\" is not the name of a page", name.value));
  }
}

void check_mime(const Rules& rules, const ServeAction& serve) {
  for (const auto& [ending, type] : serve.mime) {
    if (ending.value.size() < 2 || ending.value.find_last_of("./") != 0 || ending.value[0] != '.') {
      rules.diagnostics().error(
          "serve-mime", ending.place,
          fmt::format("\"{}\" is not the ending of a name, such as \".foo\"", ending.value));
    }
    const std::size_t slash = type.value.find('/');
    if (has_control(type.value) || slash == 0 || slash >= type.value.size() - 1) {
      rules.diagnostics().error(
          "serve-mime", type.place,
          fmt::format("\"{}\" is not a content type, such as \"text/plain\"", type.value));
    }
  }
}

void check_error_pages(const Rules& rules, const ServeAction& serve) {
  for (const auto& [status, page] : serve.error_page) {
    if (std::find(kErrorPages.begin(), kErrorPages.end(), status.value) == kErrorPages.end()) {
      rules.diagnostics().error(
          "serve-error-page", status.place,
          fmt::format("\"{}\" is no status that a file is refused with; known: {}", status.value,
                      fmt::join(kErrorPages, ", ")));
    }
    if (page.value.empty())
      rules.diagnostics().error("serve-error-page", page.place, "the name of the page is empty");
  }
}

// What only a directory has.
void check_single_file(const Rules& rules, const json5::Value& action) {
  for (const char* key : {"index", "browse", "try", "error_page"}) {
    if (action.find(key) == nullptr) continue;
    rules.diagnostics().error("serve-file", key_place(action, key),
                              fmt::format("\"{}\" goes with root, not with file", key));
  }
}

}  // namespace

void check_serve_values(const Rules& rules, const json5::Value& action, const ServeAction& serve) {
  check_index(rules, serve);
  check_mime(rules, serve);
  check_error_pages(rules, serve);
  if (serve.cache_control && has_control(serve.cache_control->value)) {
    rules.diagnostics().error("header-value", serve.cache_control->place,
                              "\"cache_control\" contains a control character");
  }
  if (serve.file && !serve.root) check_single_file(rules, action);
}

}  // namespace prox::config
