#include "actions/listing.h"

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "prox/routing/template.h"

namespace prox::actions {

namespace {

std::string size_text(std::uint64_t bytes) {
  constexpr std::string_view kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string time_text(std::time_t seconds) {
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min);
}

constexpr std::string_view kStyle =
    "body{font-family:system-ui,sans-serif;margin:2em auto;max-width:60em;padding:0 1em;"
    "color-scheme:light dark}"
    "h1{font-size:1.2em;word-break:break-all}table{border-collapse:collapse;width:100%}"
    "td{padding:.25em .75em .25em 0}td:nth-child(n+2){text-align:right;white-space:nowrap}"
    "tr:hover{background:#8882}a{text-decoration:none}a:hover{text-decoration:underline}";

void append_row(std::string& page, const files::Listed& listed) {
  const std::string name = listed.name + (listed.is_directory ? "/" : "");
  // "./" in front, so that a name with a colon is no scheme.
  page += "<tr><td><a href=\"./";
  std::string link;
  routing::append(link, name, routing::Escape::UriPath);
  routing::append(page, link, routing::Escape::Html);
  page += "\">";
  routing::append(page, name, routing::Escape::Html);
  page += fmt::format("</a></td><td>{}</td><td>{}</td></tr>\n",
                      listed.is_directory ? std::string() : size_text(listed.size_bytes),
                      time_text(listed.modified));
}

}  // namespace

std::string listing(const files::Directory& directory, base::Slice path) {
  std::string title;
  routing::append(title, path, routing::Escape::Html);
  std::string page = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>{0}</title>\n"
      "<style>{1}</style>\n</head>\n<body>\n<h1>{0}</h1>\n<table>\n",
      title, kStyle);
  if (path != "/") page += "<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n";
  for (const files::Listed& listed : directory.names) append_row(page, listed);
  page += "</table>\n";
  if (directory.is_cut) page += fmt::format("<p>Only {} names are shown.</p>\n", files::kMaxListed);
  page += "</body>\n</html>\n";
  return page;
}

}  // namespace prox::actions
