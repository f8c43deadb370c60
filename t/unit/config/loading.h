#pragma once

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prox/config/loader.h"

// Loads configs from texts, for the tests of what `load` finds in them.
namespace prox::config::test {

// A directory of its own for one test, removed with all it holds.
class Directory {
 public:
  Directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "prox-config-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() { std::filesystem::remove_all(path_); }

  std::string path(std::string_view name) const { return fmt::format("{}/{}", path_, name); }
  std::string write(std::string_view name, std::string_view content) const {
    std::string file = path(name);
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file, std::ios::binary) << content;
    chmod(file.c_str(), 0644);
    return file;
  }

 private:
  std::string path_;
};

inline LoadResult load_text(std::string_view text, Purpose purpose = Purpose::Serve) {
  const Directory directory;
  return load({directory.write("c.json5", text), {}, purpose});
}

// "3:7 error unknown-key: the message => the help", without the position for what has no place.
inline std::string describe(const LoadResult& result, const Diagnostic& d) {
  std::string text;
  if (d.has_place) {
    const Position position = result.sources.position(d.place);
    text = fmt::format("{}:{} ", position.line, position.column);
  }
  text += fmt::format("{} {}: {}", d.severity == Severity::Error ? "error" : "warning", d.id,
                      d.message);
  return d.help.empty() ? text : fmt::format("{} => {}", text, d.help);
}

inline std::vector<std::string> describe_all(const LoadResult& result) {
  std::vector<std::string> lines;
  for (const Diagnostic& d : result.diagnostics.all()) lines.push_back(describe(result, d));
  return lines;
}

inline std::vector<std::string> problems(std::string_view text, Purpose purpose = Purpose::Serve) {
  return describe_all(load_text(text, purpose));
}

// Whole configs around one piece of text, which stands alone on line 2, so that its columns count from 1.
inline std::string in_root(std::string_view keys) {
  return fmt::format(
      "{{services: {{web: {{listen: \":80\", routes: [{{action: {{type: \"static\", status: "
      "200}}}}]}}}},\n{}\n}}",
      keys);
}
inline std::string in_service(std::string_view keys) {
  return fmt::format(
      "{{services: {{web: {{listen: \":80\", routes: [{{action: {{type: \"static\", status: "
      "200}}}}],\n{}\n}}}}}}",
      keys);
}
inline std::string in_settings(std::string_view keys) {
  return fmt::format(
      "{{services: {{web: {{listen: \":80\", routes: [{{action: {{type: \"static\", status: "
      "200}}}}], config: {{\n{}\n}}}}}}}}",
      keys);
}
// Routes may use the action "a".
inline std::string in_routes(std::string_view routes) {
  return fmt::format(
      "{{services: {{web: {{listen: \":80\", routes: [\n{}\n]}}}}, actions: {{a: {{type: "
      "\"static\", status: 200}}}}}}",
      routes);
}
inline std::string in_match(std::string_view keys) {
  return fmt::format(
      "{{services: {{web: {{listen: \":80\", routes: [{{action: {{type: \"static\", status: 200}}, "
      "match: {{\n{}\n}}}}]}}}}}}",
      keys);
}
// The action "a", which one route without a match uses.
inline std::string in_action(std::string_view keys) {
  return fmt::format(
      "{{services: {{web: {{listen: \":80\", routes: [{{action: \"a\"}}]}}}}, actions: {{a: "
      "{{\n{}\n}}}}}}",
      keys);
}

// A service fragment with one route of its own.
inline std::string fragment(int port, std::string_view more = "") {
  return fmt::format(
      "{{ listen: ':{}', routes: [{{ action: {{ type: 'static', status: 200 }} }}], {} }}", port,
      more);
}

// A config of several files, in a directory of its own.
class Files {
 public:
  struct File {
    std::string_view name;
    std::string_view text;
  };
  Files(std::initializer_list<File> files) {
    for (const File& file : files) directory_.write(file.name, file.text);
  }

  // `root` by its name; "" for the directory itself.
  LoadResult load(std::string_view root, Purpose purpose = Purpose::Serve) const {
    return config::load({directory_.path(root), {}, purpose});
  }
  // Each with its file, and with its notes in brackets: `c.json5:1:3 error unknown-key: … [web.json5:2:1 the note]`.
  std::vector<std::string> problems(std::string_view root, Purpose purpose = Purpose::Serve) const {
    const LoadResult result = load(root, purpose);
    std::vector<std::string> lines;
    for (const Diagnostic& d : result.diagnostics.all()) {
      std::string line = d.has_place ? result.sources.path(d.place.file) + ":" : std::string();
      line += describe(result, d);
      for (const Diagnostic::Note& note : d.notes) {
        const Position position = result.sources.position(note.place);
        line += fmt::format(" [{}:{}:{} {}]", result.sources.path(note.place.file), position.line,
                            position.column, note.message);
      }
      lines.push_back(without_directory(std::move(line)));
    }
    return lines;
  }
  // Those of a config that may use what is not built in yet.
  std::vector<std::string> errors(std::string_view root) const {
    std::vector<std::string> lines = problems(root, Purpose::Validate);
    lines.erase(std::remove_if(lines.begin(), lines.end(),
                               [](const std::string& line) {
                                 return line.find(" error ") == std::string::npos;
                               }),
                lines.end());
    return lines;
  }
  std::vector<std::string> paths(const LoadResult& result) const {
    std::vector<std::string> paths;
    for (std::uint32_t file = 0; file < result.sources.size(); ++file) {
      paths.push_back(without_directory(result.sources.path(file)));
    }
    return paths;
  }
  std::string path(std::string_view name) const { return directory_.path(name); }

 private:
  std::string without_directory(std::string text) const {
    const std::string prefix = directory_.path("");
    for (std::size_t at = text.find(prefix); at != text.npos; at = text.find(prefix, at)) {
      text.erase(at, prefix.size());
    }
    return text;
  }

  Directory directory_;
};

}  // namespace prox::config::test
