#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/explanation.h"
#include "prox/base/json.h"
#include "prox/config/loader.h"

// What `prox explain` prints about routes, whether a request or a connection is explained.
namespace prox::cli {

// One line with its label in front.
void print_line(std::string_view label, std::string_view text);

// Tells on stderr why there is no answer. Returns the status.
int fail(int status, const std::string& message);

// Speaks of one service's routes. Outlived by what was loaded.
class RouteReport {
 public:
  RouteReport(const config::LoadResult& loaded, const config::Service& service)
      : loaded_(loaded), service_(service) {}

  void print_service(const std::string& note) const;
  void print_winner(const Winner& winner) const;
  // Nothing if there is none.
  void print_passed_over(const std::vector<PassedOver>& routes) const;

  base::Json winner_json(const Winner& winner) const;
  base::Json passed_over_json(const std::vector<PassedOver>& routes) const;

 private:
  const config::Action& action_of(const config::Route& route) const;
  std::string place(config::Place place) const;
  base::Json place_json(config::Place place) const;

  const config::LoadResult& loaded_;
  const config::Service& service_;
};

}  // namespace prox::cli
