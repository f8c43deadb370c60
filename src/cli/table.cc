#include "cli/table.h"

#include <algorithm>
#include <utility>

#include "prox/base/assert.h"
#include "prox/config/printable.h"

namespace prox::cli {

Table::Table(std::vector<std::string> headings) { rows_.push_back(std::move(headings)); }

void Table::add(std::vector<std::string> cells) {
  PROX_ASSERT(cells.size() == rows_.front().size());
  for (std::string& cell : cells) cell = config::printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::render(std::size_t indent) const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (std::size_t row = 1; row < rows_.size(); ++row) {
    for (std::size_t i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], config::width(rows_[row][i]));
  }
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] > 0) widths[i] = std::max(widths[i], config::width(rows_.front()[i]));
  }
  std::string text;
  for (const std::vector<std::string>& row : rows_) {
    std::string line(indent, ' ');
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (widths[i] == 0) continue;
      line += row[i];
      line.append(widths[i] - config::width(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

}  // namespace prox::cli
