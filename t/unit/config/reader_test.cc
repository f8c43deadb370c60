#include "config/reader.h"

#include <algorithm>
#include <string>
#include <vector>

#include "catch.h"
#include "config/check_tree.h"
#include "config/loading.h"
#include "config/samples.h"
#include "config/tree.h"

// That every key of the tables is read.
namespace {

using namespace prox::config;
using namespace prox::config::test;

// What a text is read as, whatever else is wrong with it.
Draft draft_of(const std::string& text) {
  const Directory directory;
  Sources sources;
  Diagnostics diagnostics;
  WatchedPaths watched;
  const Context context{sources, diagnostics, watched, Purpose::Validate, {}};
  const Tree tree = read_tree(context, directory.write("c.json5", text));
  CAPTURE(text);
  REQUIRE(tree.is_readable());
  Checker checker(context);
  check_tree(context, tree, checker);
  return Reader(context, checker, tree).read();
}

bool same(const Draft& a, const Draft& b) {
  const auto services = [](const ServiceDraft& x, const ServiceDraft& y) {
    return x.service == y.service &&
           std::equal(x.routes.begin(), x.routes.end(), y.routes.begin(), y.routes.end(),
                      [](const RouteDraft& r, const RouteDraft& s) { return r.route == s.route; });
  };
  return std::equal(a.services.begin(), a.services.end(), b.services.begin(), b.services.end(),
                    services) &&
         std::equal(
             a.actions.begin(), a.actions.end(), b.actions.begin(), b.actions.end(),
             [](const ActionDraft& x, const ActionDraft& y) { return x.action == y.action; }) &&
         std::equal(a.resources.begin(), a.resources.end(), b.resources.begin(), b.resources.end(),
                    [](const ResourceDraft& x, const ResourceDraft& y) {
                      return x.resource == y.resource;
                    }) &&
         std::equal(
             a.plugins.begin(), a.plugins.end(), b.plugins.begin(), b.plugins.end(),
             [](const PluginDraft& x, const PluginDraft& y) { return x.plugin == y.plugin; }) &&
         a.process == b.process && a.logging == b.logging && a.admin == b.admin;
}

// Those without a typed value: a block of other keys makes no difference of its own, a file that is not there neither; automatic
// certificates are only checked; disable_compression has one value that is accepted; the places a secret is read from do not exist
// here.
bool is_read(const schema::Object& object, const schema::Key& key) {
  return key.name != "services" && key.name != "routes" &&
         (key.type.forms & (schema::kObject | schema::kString)) != schema::kObject &&
         object.title != "acme" && object.title != "dns" && object.title != "s3" &&
         object.title != "secret" && key.name != "disable_compression";
}

TEST_CASE("every key makes a difference to what is read") {
  int keys = 0;
  each_key(
      [&](const schema::Object& object, const schema::Key& key, std::uint32_t, const Whole& whole) {
        if (!is_read(object, key) || key.name == object.selector) return;
        CAPTURE(object.title, key.name);
        const std::string member =
            fmt::format("{}: {}", key.name, sample(key.type, key.name, key.preset.text));
        const std::string with = whole(member);
        const std::string without = whole(std::string(member.size(), ' '));
        CAPTURE(with);
        CHECK_FALSE(same(draft_of(with), draft_of(without)));
        ++keys;
      });
  CHECK(keys > 150);
}

}  // namespace
