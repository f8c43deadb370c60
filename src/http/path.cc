#include "prox/http/path.h"

#include <algorithm>
#include <cstring>

#include "http/chars.h"

namespace prox::http {

using base::Errc;
using base::Side;
using base::Unexpected;

namespace {

// Whether the segment that begins behind the "/" at `slash` is "." or "..".
bool is_dot_segment(Slice path, std::size_t slash) {
  const Slice segment = path.substr(slash + 1, path.find('/', slash + 1) - slash - 1);
  return segment == "." || segment == "..";
}

bool has_dot_segment(Slice path) {
  for (std::size_t at = path.find('.'); at != Slice::npos; at = path.find('.', at + 1)) {
    if (at > 0 && path[at - 1] == '/' && is_dot_segment(path, at - 1)) return true;
  }
  return false;
}

bool decode(Slice raw, std::string& decoded) {
  decoded.clear();
  while (true) {
    const std::size_t percent = raw.find('%');
    decoded.append(raw.substr(0, percent));
    if (percent == Slice::npos) return true;
    if (raw.size() - percent < 3) return false;
    const int high = hex_value(raw[percent + 1]);
    const int low = hex_value(raw[percent + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return false;
    decoded.push_back(static_cast<char>(high * 16 + low));
    raw.remove_prefix(percent + 3);
  }
}

// RFC 3986 §5.2.4 for a path that begins with "/", in place: what is kept moves to the front. False if it climbs above the
// root, which that section would repair.
bool remove_dot_segments(std::string& path) {
  std::size_t kept = 0;
  for (std::size_t slash = 0; slash < path.size();) {
    const std::size_t end = std::min(path.find('/', slash + 1), path.size());
    const Slice segment = Slice(path).substr(slash + 1, end - slash - 1);
    const bool goes_up = segment == "..";
    if (goes_up) {
      if (kept == 0) return false;
      kept = path.rfind('/', kept - 1);
    }
    if (!goes_up && segment != ".") {
      std::memmove(path.data() + kept, path.data() + slash, end - slash);
      kept += end - slash;
    } else if (end == path.size()) {
      path[kept++] = '/';
    }
    slash = end;
  }
  path.resize(kept);
  return true;
}

}  // namespace

Result<Slice> clean_path(Slice raw, std::string& scratch) {
  if (raw.empty() || raw == "*") return raw;
  if (raw.front() != '/')
    return base::fail(Errc::BadMessage, Side::Downstream, "reading a path without a root");
  if (raw.find('%') == Slice::npos && !has_dot_segment(raw)) return raw;
  if (!decode(raw, scratch))
    return base::fail(Errc::BadMessage, Side::Downstream, "decoding a path");
  if (!remove_dot_segments(scratch)) {
    return base::fail(Errc::BadMessage, Side::Downstream, "following a path above the root");
  }
  return Slice(scratch);
}

}  // namespace prox::http
