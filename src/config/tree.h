#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/context.h"
#include "prox/config/json5.h"

namespace prox::config {

// One file of a config, read and parsed once, however many places lead to it.
struct Document {
  std::uint32_t file = 0;             // in Sources
  std::optional<json5::Value> value;  // none after a syntax error

  // The value, if it is an object.
  const json5::Value* object() const;
  // The routes of a route file: the array that it is, or that it holds. None if there is no such thing.
  const json5::Items* routes() const;
};

// A service to be, wherever it is written.
struct ServiceSource {
  Text
      name;  // at its key, at the string that led to its directory, or, in directory mode, at the start of its own file
  const json5::Value* value = nullptr;  // an object; none if there is none, or it could not be read
  const Document* fragment = nullptr;   // its file, if it has one
};

// What a string in a list of routes stands for.
struct Include {
  const Document* document = nullptr;
  bool is_shared = false;  // another place leads to the same file
};

// All files of one config, parsed, and how they belong together. What they say beyond that is not looked at.
struct Tree {
  std::vector<std::unique_ptr<Document>> documents;  // in load order
  const Document* root =
      nullptr;                // the root file, or a directory's _global.json5, if it could be read
  bool is_directory = false;  // the config is a directory, without a root file
  std::vector<ServiceSource> services;       // in load order
  std::vector<const Document*> route_files;  // each once, in load order
  std::unordered_map<const json5::Value*, Include>
      includes;  // by the string; those that could be read
  // Something could not be read to its end: what seems to be defined nowhere may be defined there.
  bool is_incomplete = false;

  // Whether there is more to say of it than why its root could not be read.
  bool is_readable() const { return is_directory || (root != nullptr && root->value); }
};

// Reads the config at `path` and every file that it names, one level deep: services from files and directories, and route files.
// Reports what cannot be read, what leads back to itself, and services of the same name.
Tree read_tree(const Context& context, const std::string& path);

}  // namespace prox::config
