#include "master/plan_answers.h"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "prox/actions/redirect.h"
#include "prox/actions/serve.h"
#include "prox/actions/static.h"
#include "prox/base/assert.h"

namespace prox::master {

namespace {

actions::ServeAction::Coding sibling_of(config::Coding coding) {
  switch (coding) {
    case config::Coding::Zstd: return {"zstd", ".zst"};
    case config::Coding::Brotli: return {"br", ".br"};
    case config::Coding::Gzip: return {"gzip", ".gz"};
  }
  return {};
}

int status_of(std::string_view digits) {
  int status = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), status);
  return status;
}

// A body of a type that the client has a say in may be anything to its browser.
routing::Escape escape_of(const std::string& content_type, const config::StringMap& set) {
  if (routing::Template(content_type, set).is_constant()) return routing::escape_for(content_type);
  return routing::Escape::Html;
}

void add_edits(std::vector<exchange::ResponseEdit>& edits, const config::HeaderEdits& headers,
               const config::StringMap& set) {
  for (const config::NamedText& header : headers) {
    const std::string& name = header.name.value;
    std::erase_if(edits, [&](const exchange::ResponseEdit& edit) {
      return http::equal_ignoring_case(edit.name, name);
    });
    exchange::ResponseEdit edit{name, http::recognise(name), std::nullopt};
    if (!header.value.value.empty()) edit.value = routing::Template(header.value.value, set);
    edits.push_back(std::move(edit));
  }
}

}  // namespace

std::unique_ptr<const exchange::Action> make_static(const config::Config& config,
                                                    const config::Route& route,
                                                    const config::StaticAction& action) {
  actions::StaticAction::Answer answer;
  answer.status = action.status;
  // An action's Content-Type stands over the resource's; an empty one takes it away.
  std::optional<std::string> content_type;
  for (const auto& [name, value] : action.headers) {
    if (http::equal_ignoring_case(name.value, "Content-Type")) content_type = value.value;
    if (!value.value.empty())
      answer.headers.emplace_back(name.value, routing::Template(value.value, route.set));
  }
  if (action.body_ref) {
    const config::Resource* resource = config.find_resource(action.body_ref->value);
    PROX_ASSERT(resource != nullptr);
    if (!content_type) {
      content_type = resource->content_type;
      answer.headers.emplace_back("Content-Type", routing::Template(*content_type, {}));
    }
    answer.body = routing::Template(resource->content, route.set);
  }
  answer.escape = escape_of(content_type.value_or(""), route.set);
  return std::make_unique<actions::StaticAction>(std::move(answer));
}

std::unique_ptr<const exchange::Action> make_serve(const config::Route& route,
                                                   const config::ServeAction& action) {
  actions::ServeAction::Options options;
  if (action.root) options.root = action.root->resolved;
  if (action.file) options.file = action.file->resolved;
  for (const config::Text& name : action.index) options.index.push_back(name.value);
  options.browse = action.browse;
  for (const config::Text& candidate : action.try_paths)
    options.candidates.emplace_back(candidate.value, route.set);
  for (const config::Coding coding : action.precompressed)
    options.precompressed.push_back(sibling_of(coding));
  for (const auto& [ending, type] : action.mime)
    options.types.emplace_back(ending.value, type.value);
  if (action.cache_control) options.cache_control = action.cache_control->value;
  for (const auto& [status, page] : action.error_page)
    options.error_pages.emplace_back(status_of(status.value), page.value);
  return std::make_unique<actions::ServeAction>(std::move(options));
}

std::unique_ptr<const exchange::Action> make_redirect(const config::Route& route,
                                                      const config::RedirectAction& action) {
  return std::make_unique<actions::RedirectAction>(routing::Template(action.to.value, route.set),
                                                   action.status);
}

std::vector<exchange::ResponseEdit> response_edits(const config::Service& service,
                                                   const config::Action* action,
                                                   const config::Route* route) {
  std::vector<exchange::ResponseEdit> edits;
  const config::StringMap& set = route != nullptr ? route->set : config::StringMap();
  add_edits(edits, service.response_headers, set);
  if (action != nullptr) add_edits(edits, action->response_headers, set);
  if (route != nullptr) add_edits(edits, route->response_headers, set);
  return edits;
}

}  // namespace prox::master
