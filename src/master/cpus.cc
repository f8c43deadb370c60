#include "master/cpus.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

namespace prox::master {

namespace {

std::optional<std::int64_t> take_number(std::string_view& text) {
  const std::size_t start = text.find_first_not_of(" \t\n");
  if (start == std::string_view::npos) return std::nullopt;
  text.remove_prefix(start);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::optional<std::size_t> whole_cpus(std::optional<std::int64_t> quota,
                                      std::optional<std::int64_t> period) {
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<std::size_t>((*quota + *period - 1) / *period);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::optional<std::size_t> smaller(std::optional<std::size_t> a, std::optional<std::size_t> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

// One line of /proc/self/cgroup, "id:controllers:path"; no controllers: version 2.
struct Membership {
  bool is_v2 = false;
  bool has_cpu = false;
  std::string path;
};

Membership parse_membership(const std::string& line) {
  Membership membership;
  const std::size_t first = line.find(':');
  const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
  if (second == std::string::npos) return membership;
  const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
  membership.is_v2 = controllers == ",,";
  membership.has_cpu = controllers.find(",cpu,") != std::string::npos;
  membership.path = line.substr(second + 1);
  return membership;
}

std::optional<std::size_t> quota_at(const std::string& directory, bool is_v2) {
  if (is_v2) return parse_cpu_max(read_file(directory + "/cpu.max"));
  return parse_cfs_quota(read_file(directory + "/cpu.cfs_quota_us"),
                         read_file(directory + "/cpu.cfs_period_us"));
}

// A group is held by the quotas of all groups above it. In a container the path may be the host's, of which only the top is mounted.
std::optional<std::size_t> quota_upwards(const std::string& mount, std::string path, bool is_v2) {
  std::optional<std::size_t> smallest;
  while (true) {
    smallest = smaller(smallest, quota_at(mount + path, is_v2));
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return smallest;
    path.resize(slash);
  }
}

std::size_t affinity_cpus() {
  // A machine with more CPUs than the mask has bits gives EINVAL; 64 Ki bits are beyond what Linux can be built for.
  for (std::size_t bits = 1024; bits <= 65536; bits *= 4) {
    std::vector<cpu_set_t> mask(bits / CPU_SETSIZE);
    const std::size_t bytes = mask.size() * sizeof(cpu_set_t);
    if (::sched_getaffinity(0, bytes, mask.data()) == 0)
      return static_cast<std::size_t>(CPU_COUNT_S(bytes, mask.data()));
  }
  return 1;
}

}  // namespace

std::optional<std::size_t> parse_cpu_max(std::string_view text) {
  const auto quota = take_number(text);
  return whole_cpus(quota, take_number(text));
}

std::optional<std::size_t> parse_cfs_quota(std::string_view quota, std::string_view period) {
  return whole_cpus(take_number(quota), take_number(period));
}

std::optional<std::size_t> quota_cpus(const std::string& root) {
  std::optional<std::size_t> smallest;
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const Membership membership = parse_membership(line);
    if (membership.is_v2) {
      smallest = smaller(smallest, quota_upwards(root + "/sys/fs/cgroup", membership.path, true));
    } else if (membership.has_cpu) {
      smallest =
          smaller(smallest, quota_upwards(root + "/sys/fs/cgroup/cpu", membership.path, false));
    }
  }
  return smallest;
}

std::size_t usable_cpus() {
  const std::size_t allowed = affinity_cpus();
  return std::max<std::size_t>(std::min(allowed, quota_cpus("").value_or(allowed)), 1);
}

}  // namespace prox::master
