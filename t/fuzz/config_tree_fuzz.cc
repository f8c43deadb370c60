// Any bytes as a small tree of config files: loading it neither crashes nor hangs, and whatever it brings fits together. An input is the
// texts of kNames in that order, separated by lines of `====`; those that it has no more text for do not exist. They are written to a
// directory in memory, where there is one, and loaded as a root file and as a directory.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "property.h"
#include "prox/config/loader.h"

namespace {

using namespace prox::config;
using prox::fuzz::check_diagnostics;
using prox::fuzz::require;

constexpr std::array<std::string_view, 6> kNames = {"c.json5",         "web.json5", "routes.json5",
                                                    "d/_global.json5", "d/a.json5", "d/b.json5"};
constexpr std::string_view kSeparator = "\n====\n";

// A directory of the files of one input, removed at exit.
class Files {
 public:
  Files() {
    const char* base = std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : "/tmp";
    std::string pattern = fmt::format("{}/prox-config-tree-XXXXXX", base);
    require(mkdtemp(pattern.data()) != nullptr, "there is a place for files");
    path_ = pattern;
    std::filesystem::create_directory(path_ + "/d");
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  ~Files() { std::filesystem::remove_all(path_); }

  std::string path(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

  void write(std::string_view input) {
    bool is_left = true;
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      const std::size_t end = std::min(input.find(kSeparator), input.size());
      put(i, is_left ? std::optional(input.substr(0, end)) : std::nullopt);
      is_left = end < input.size();
      if (is_left) input.remove_prefix(end + kSeparator.size());
    }
  }

 private:
  // Most inputs differ from the one before in one file.
  void put(std::size_t i, std::optional<std::string_view> text) {
    if (text == there_[i]) return;
    there_[i] = text;
    const std::string file = path(kNames[i]);
    if (!text) {
      unlink(file.c_str());
      return;
    }
    const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    require(fd != -1 &&
                ::write(fd, text->data(), text->size()) == static_cast<ssize_t>(text->size()) &&
                close(fd) == 0,
            "files can be written");
  }

  std::string path_;
  std::array<std::optional<std::string>, kNames.size()> there_;
};

auto order(const Diagnostic& d) {
  return d.has_place ? std::tuple(1, d.place.file, d.place.offset) : std::tuple(0, 0U, 0U);
}

bool is_said_again(const Diagnostic& a, const Diagnostic& b) {
  return a.has_place && order(a) == order(b) && a.id == b.id && a.message == b.message &&
         a.notes == b.notes && a.severity == b.severity && a.help == b.help;
}

void check_config(const Config& config) {
  require(!config.services.empty(), "a config has services");
  for (const Service& service : config.services) {
    require(!service.routes.empty(), "a service has routes");
    const auto count =
        std::count_if(config.services.begin(), config.services.end(),
                      [&](const Service& other) { return other.name.value == service.name.value; });
    require(count == 1, "no two services have the same name");
    for (const Route& route : service.routes) {
      require(config.find_action(route.action.value) != nullptr, "a route has its action");
    }
  }
  for (const Action& action : config.actions) {
    require(config.find_action(action.name.value) == &action, "no two actions have the same name");
  }
}

bool is_watched(const LoadResult& result, const std::string& path) {
  return std::any_of(result.watched.begin(), result.watched.end(),
                     [&](const WatchedPath& watched) { return watched.path == path; });
}

void check_result(const LoadResult& result, const std::string& root) {
  const auto& all = result.diagnostics.all();
  require(result.config.has_value() != result.diagnostics.has_errors(), "a refusal has a reason");
  check_diagnostics(result.diagnostics, result.sources);
  for (std::size_t i = 0; i < all.size(); ++i) {
    require(all[i].has_place || all[i].severity == Severity::Error, "a warning has a place");
    if (i == 0) continue;
    require(order(all[i - 1]) <= order(all[i]), "problems are in the order of the files");
    require(!is_said_again(all[i - 1], all[i]), "nothing is said twice");
  }
  require(is_watched(result, root), "the root is watched");
  for (std::uint32_t file = 0; file < result.sources.size(); ++file) {
    require(is_watched(result, result.sources.path(file)), "what was read is watched");
  }
  if (result.config) check_config(*result.config);
}

void check_load(const std::string& root) {
  const LoadResult lenient = load({root, {}, Purpose::Validate});
  const LoadResult strict = load({root, {}, Purpose::Serve});
  check_result(lenient, root);
  check_result(strict, root);
  require(lenient.diagnostics.all().size() == strict.diagnostics.all().size(),
          "who asks makes warnings errors, and nothing else");
  require(lenient.diagnostics.errors() <= strict.diagnostics.errors(),
          "no error becomes a warning");
  require(lenient.watched == strict.watched, "the same files are read");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Files files;
  files.write({reinterpret_cast<const char*>(data), size});
  check_load(files.path("c.json5"));
  check_load(files.path("d"));
  return 0;
}
