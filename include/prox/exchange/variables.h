#pragma once

#include <optional>
#include <string>

#include "prox/exchange/exchange.h"
#include "prox/routing/template.h"

namespace prox::exchange {

// What the variables of templates stand for in one exchange whose route is known, or whose service alone. Captures are worked out only when
// a template asks for them.
class Variables : public routing::VariableSource {
 public:
  explicit Variables(const Exchange& exchange) : x_(exchange) {}

  std::string_view value(routing::Variable variable, std::string_view name) const override;

 private:
  struct Captured {
    std::string stars;  // joined by "."
    std::string glob;
  };

  std::string_view uri() const;
  std::string_view header(std::string_view name) const;
  std::string_view cookie(std::string_view name) const;
  const routing::DomainPattern* domain() const;
  const Captured& captures() const;
  const ClientTls& client_tls() const;

  const Exchange& x_;
  mutable std::optional<Captured> captured_;
  mutable std::string joined_;  // of a field that came in several lines
};

}  // namespace prox::exchange
