#include "master/plan_logs.h"

#include <optional>
#include <string>
#include <vector>

#include "catch.h"
#include "config/loading.h"

using namespace prox;
using config::test::Files;
using exchange::AccessRule;
using Lines = std::vector<std::string>;

namespace {

struct Planned {
  explicit Planned(const std::string& logging)
      : files{{"c.json5", "{ logging: {" + logging + R"( },
          services: { web: { listen: ':80', routes: [
            { action: 'plain' },
            { action: 'own' },
            { action: 'own', access_log: 'route.log' },
            { action: 'own', access_log: 'off' },
            { action: 'quiet', access_log: 'all.log' },
            { action: 'quiet' },
            { action: 'dropped', access_log: 'route.log' },
          ] } },
          actions: {
            plain: { type: 'static', status: 204 },
            own: { type: 'static', status: 204, access_log: 'own.log' },
            quiet: { type: 'static', status: 204, access_log: 'off' },
            dropped: { type: 'drop' },
          } })"}},
        loaded(files.load("c.json5", config::Purpose::Validate)) {
    REQUIRE(loaded.config);
    planner.emplace(*loaded.config);
  }

  // The last part of the path of a route's file; "-" for none, "off" for nothing at all.
  std::string of(std::size_t route) const {
    const config::Route& r = loaded.config->services[0].routes[route];
    return name(planner->rule_of(loaded.config->find_action(r.action.value), &r));
  }
  std::string name(const AccessRule& rule) const {
    if (rule.file == AccessRule::kNoFile) return rule.console ? "-" : "off";
    CHECK(rule.console);
    const std::string& path = planner->plan().files[rule.file];
    return path.substr(path.rfind('/') + 1);
  }

  Files files;
  config::LoadResult loaded;
  std::optional<master::LogPlanner> planner;
};

}  // namespace

TEST_CASE("the route's access_log stands over the action's, and that over the one for all") {
  const Planned p("access_log: 'all.log'");
  CHECK(p.of(0) == "all.log");
  CHECK(p.of(1) == "own.log");
  CHECK(p.of(2) == "route.log");
  CHECK(p.of(3) == "off");
  CHECK(p.of(4) == "all.log");
  CHECK(p.of(5) == "off");
  CHECK(p.name(p.planner->rule_of(nullptr, nullptr)) == "all.log");
}

TEST_CASE("what is dropped has no line, whatever its route says") {
  CHECK(Planned("access_log: 'all.log'").of(6) == "off");
}

TEST_CASE("without a file for all, the console alone shows what no other file is for") {
  const Planned p("");
  CHECK(p.of(0) == "-");
  CHECK(p.of(1) == "own.log");
  CHECK(p.name(p.planner->rule_of(nullptr, nullptr)) == "-");
  CHECK_FALSE(p.planner->plan().error_log);
  CHECK_FALSE(p.planner->plan().query);
}

TEST_CASE("off for all is off for what says nothing else") {
  const Planned p("access_log: 'off'");
  CHECK(p.of(0) == "off");
  CHECK(p.of(1) == "own.log");
  CHECK(p.name(p.planner->rule_of(nullptr, nullptr)) == "off");
}

TEST_CASE("each file is planned once, the one for messages among them") {
  const Planned p("access_log: 'all.log', error_log: 'own.log', query: true");
  const exchange::LogPlan& plan = p.planner->plan();
  CHECK(plan.files.size() == 3);  // own, all, route
  REQUIRE(plan.error_log);
  CHECK(plan.files[*plan.error_log].ends_with("own.log"));
  CHECK(plan.query);
}
