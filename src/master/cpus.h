#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace prox::master {

// Processors this process may use: its affinity mask, and no more than its control groups' CPU quota, rounded up. At least 1.
std::size_t usable_cpus();

// Whole processors that a quota allows, rounded up; none: no limit. `text`: a cgroup v2 cpu.max file ("200000 100000", "max 100000").
std::optional<std::size_t> parse_cpu_max(std::string_view text);
// The same for cgroup v1: cpu.cfs_quota_us (-1: no limit) and cpu.cfs_period_us.
std::optional<std::size_t> parse_cfs_quota(std::string_view quota, std::string_view period);

// The smallest quota of this process's control groups and of those above them. `root` stands before /proc and /sys, for tests.
std::optional<std::size_t> quota_cpus(const std::string& root);

}  // namespace prox::master
