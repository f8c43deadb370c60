#pragma once

#include <string>
#include <vector>

namespace prox::cli {

// Rows of text in columns, each as wide as its widest cell. Cells are made fit for a terminal. A column that is empty below its heading
// is left out.
class Table {
 public:
  explicit Table(std::vector<std::string> headings);

  // As many cells as there are headings.
  void add(std::vector<std::string> cells);
  // Every line begins with `indent` spaces, and none ends in one.
  std::string render(std::size_t indent) const;

 private:
  std::vector<std::vector<std::string>> rows_;  // the first one: headings
};

}  // namespace prox::cli
