#include "config/schema.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "catch.h"
#include "config/loading.h"

// The tables of keys, held against themselves, against the manual, and against the configs that come with prox.
namespace {

using namespace prox::config;
using namespace prox::config::test;
using schema::Key;
using schema::Object;
using schema::State;

// Every object that a config may hold, found from the root.
void collect(const Object& object, std::set<const Object*>& all) {
  if (!all.insert(&object).second) return;
  for (const Key& key : object.keys) {
    for (const schema::Type* type = &key.type; type != nullptr; type = type->items) {
      if (type->object != nullptr) collect(*type->object, all);
    }
  }
}

std::set<const Object*> all_objects() {
  std::set<const Object*> all;
  collect(schema::kRoot, all);
  return all;
}

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// The `.It Ic key …` lines of the manual's subsections: title in lower case → key → the rest of the line. A key that is another one for
// another type of action stands there twice, in the order of the table.
using Manual = std::map<std::string, std::multimap<std::string, std::string>>;
Manual read_manual() {
  std::istringstream lines(read("man/prox.json5.5"));
  Manual manual;
  std::string title;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(".Ss ") || line.starts_with(".Sh ")) {
      title = line.substr(4);
      std::transform(title.begin(), title.end(), title.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    } else if (line.starts_with(".It Ic ")) {
      const std::string rest = line.substr(7);
      const std::size_t space = rest.find(' ');
      manual[title].emplace(rest.substr(0, space), rest.substr(std::min(space, rest.size())));
    }
  }
  return manual;
}

TEST_CASE("no object has a key twice, and every key has a meaning") {
  for (const Object* object : all_objects()) {
    CAPTURE(object->title);
    std::map<std::string_view, std::uint32_t> variants;  // that have a key of that name
    for (const Key& key : object->keys) {
      CAPTURE(key.name);
      CHECK((variants[key.name] & key.variants) == 0);
      variants[key.name] |= key.variants;
      CHECK_FALSE(key.meaning.empty());
      CHECK_FALSE(key.type.text.empty());
      CHECK(key.type.least <= key.type.most);
    }
    if (!object->selector.empty()) CHECK(object->find(object->selector) != nullptr);
  }
}

TEST_CASE("the manual has exactly the keys that are built in, with their defaults") {
  Manual manual = read_manual();
  REQUIRE_FALSE(manual.empty());
  for (const Object* object : all_objects()) {
    for (const Key& key : object->keys) {
      if (key.state != State::Built) continue;
      CAPTURE(object->title, key.name);
      const std::string ending = key.preset == schema::kRequired ? " Pq required"
                                 : key.preset.empty()
                                     ? ""
                                     : fmt::format(" Pq default: {}", key.preset.text);
      auto& section = manual[std::string(object->title)];
      const auto [first, last] = section.equal_range(std::string(key.name));
      const auto entry = std::find_if(first, last, [&](const auto& line) {
        const bool has_none = line.second.find(" Pq ") == std::string::npos;
        return ending.empty() ? has_none : line.second.ends_with(ending);
      });
      REQUIRE(entry != last);
      if (!key.unit.empty()) {
        CHECK(entry->second.find(fmt::format(" Ar {}", key.unit)) != std::string::npos);
      }
      section.erase(entry);
    }
  }
  for (const auto& [title, keys] : manual) {
    for (const auto& [key, rest] : keys) {
      FAIL_CHECK("the manual describes " << key << " of " << title << ", which is not built in");
    }
  }
}

TEST_CASE("the manual's example is a config without problems") {
  const std::string page = read("man/prox.json5.5");
  const std::string begin = ".Bd -literal -offset indent\n";
  const std::size_t from = page.find(begin);
  REQUIRE(from != std::string::npos);
  const std::size_t to = page.find(".Ed", from);
  CHECK(problems(page.substr(from + begin.size(), to - from - begin.size())).empty());
}

TEST_CASE("the configs that come with prox are without problems") {
  std::vector<std::string> paths = {"conf/prox.json5"};
  for (const auto& entry : std::filesystem::directory_iterator("conf/examples")) {
    paths.push_back(entry.path().string());
  }
  REQUIRE(paths.size() > 3);
  for (const std::string& path : paths) {
    CAPTURE(path);
    const LoadResult result = load({path, {}, Purpose::Serve});
    CHECK(describe_all(result).empty());
    CHECK(result.config);
  }
}

TEST_CASE("the default config listens where no root is needed, and proxies to itself") {
  const LoadResult result = load({"conf/prox.json5", {}, Purpose::Serve});
  REQUIRE(result.config);
  const Config& config = *result.config;
  REQUIRE(config.services.size() == 2);
  CHECK(config.services[0].listen.value == "127.0.0.1:8080");
  CHECK(config.services[1].listen.value == "127.0.0.1:8081");
  const Action* last = config.find_action(config.services[0].routes.back().action.value);
  REQUIRE(last != nullptr);
  REQUIRE(last->as<ProxyAction>() != nullptr);
  CHECK(last->connecting()->upstream.value == config.services[1].listen.value);
  CHECK_FALSE(config.process.pid_file);
  CHECK_FALSE(config.process.user);
}

}  // namespace
