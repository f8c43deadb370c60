#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "config/read_parts.h"
#include "config/secret.h"

// What services and routes share: limits, networks, users, compression.
namespace prox::config {
namespace {

struct Unit {
  std::string_view name;
  Duration length;
};
constexpr std::array<Unit, 3> kUnits = {
    {{"s", std::chrono::seconds(1)}, {"m", std::chrono::minutes(1)}, {"h", std::chrono::hours(1)}}};

// "100/s"
bool parse_rate(std::string_view text, RequestLimit& to) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + slash, to.rate);
  if (fault != std::errc() || end != text.data() + slash) return false;
  if (to.rate < 1 || to.rate > schema::kMostCount) return false;
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                 [&](const Unit& u) { return u.name == text.substr(slash + 1); });
  if (unit == kUnits.end()) return false;
  to.per = unit->length;
  return true;
}

void read_limit(const Fields& limit, RequestLimit& to) {
  Text rate;
  if (limit.read("rate", rate) && !parse_rate(rate.value, to)) {
    limit.context().diagnostics.error(
        "limit-rate", rate.place,
        fmt::format("\"{}\" is not a rate of 1 to {} requests", rate.value, schema::kMostCount),
        "write 100/s, 100/m or 100/h");
  }
  limit.read("burst", to.burst);
  limit.read("key", to.key);
}

void read_basic_auth(const Fields& auth, BasicAuth& to) {
  auth.read("realm", to.realm);
  for (const json5::Member& user : auth.members("users")) {
    std::optional<Secret> hash = read_secret(auth.context(), user.value, user.key);
    if (hash) to.users.emplace_back(Text{user.key, user.key_place}, std::move(*hash));
  }
}

}  // namespace

void read_guards(const Fields& holder, Guards& to) {
  if (const auto limit = holder.object("limit")) read_limit(*limit, to.limit.emplace());
  holder.read("allow", to.allow);
  holder.read("deny", to.deny);
  if (const auto auth = holder.object("basic_auth"))
    read_basic_auth(*auth, to.basic_auth.emplace());
}

void read_compression(const Fields& holder, Compression& to) {
  holder.read("compress", to.codings);
  holder.read("compress_min", to.min_bytes);
}

bool read_access_log(const Fields& holder, std::optional<AccessLog>& to) {
  Path path;
  if (!holder.read("access_log", path)) return false;
  const bool off = path.written.value == "off";
  to = AccessLog{off, off ? Path{} : std::move(path)};
  return true;
}

}  // namespace prox::config
