#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "prox/exchange/exchange.h"
#include "prox/exchange/service.h"
#include "prox/routing/template.h"

namespace prox::actions {

// `serve`: files below a directory, or one file. GET and HEAD; conditions and ranges by RFC 9110.
class ServeAction final : public exchange::Action {
 public:
  struct Coding {
    std::string name;    // "gzip", as Accept-Encoding and Content-Encoding know it
    std::string suffix;  // ".gz", of a sibling that holds the file in that coding
  };
  struct Options {
    std::string root;                           // or, if empty:
    std::string file;                           // the one file
    std::vector<std::string> index;             // names looked for in a directory, in order
    bool browse = false;                        // directories without an index are listed
    std::vector<routing::Template> candidates;  // of `try`; {path} is the path below the root
    std::vector<Coding> precompressed;          // the first is preferred
    std::vector<std::pair<std::string, std::string>>
        types;                  // ".foo" → Content-Type, before the built-in ones
    std::string cache_control;  // empty: no such field
    std::vector<std::pair<int, std::string>> error_pages;  // status → file below the root
  };

  explicit ServeAction(Options options) : options_(std::move(options)) {}
  std::unique_ptr<exchange::Handler> make_handler(exchange::Exchange& exchange) const override;
  const Options& options() const { return options_; }

 private:
  Options options_;
};

}  // namespace prox::actions
