#include "master/cpus.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "catch.h"
#include "master/temporary_directory.h"

using prox::master::parse_cfs_quota;
using prox::master::parse_cpu_max;
using prox::master::quota_cpus;
using Count = std::optional<std::size_t>;

namespace {

// A /proc and /sys of our own.
class Root {
 public:
  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(
        std::filesystem::path(directory_.path + path).parent_path());
    std::ofstream(directory_.path + path) << text;
  }
  const std::string& path() const { return directory_.path; }

 private:
  prox::test::TemporaryDirectory directory_;
};

}  // namespace

TEST_CASE("a v2 quota is quota over period, rounded up to whole processors") {
  const auto [text, count] = GENERATE(table<std::string, Count>({
      {"200000 100000\n", 2},
      {"150000 100000\n", 2},
      {"50000 100000\n", 1},
      {"100001 100000\n", 2},
      {"max 100000\n", std::nullopt},
      {"", std::nullopt},
      {"200000", std::nullopt},
      {"200000 0", std::nullopt},
      {"-1 100000", std::nullopt},
  }));
  CAPTURE(text);
  CHECK(parse_cpu_max(text) == count);
}

TEST_CASE("a v1 quota of -1 is none") {
  CHECK(parse_cfs_quota("250000\n", "100000\n") == Count(3));
  CHECK(parse_cfs_quota("-1\n", "100000\n") == std::nullopt);
  CHECK(parse_cfs_quota("", "") == std::nullopt);
}

TEST_CASE("the smallest quota up the tree counts") {
  const Root root;
  root.write("/proc/self/cgroup", "0::/a/b\n");
  root.write("/sys/fs/cgroup/a/b/cpu.max", "400000 100000\n");
  CHECK(quota_cpus(root.path()) == Count(4));
  root.write("/sys/fs/cgroup/a/cpu.max", "150000 100000\n");
  CHECK(quota_cpus(root.path()) == Count(2));
  root.write("/sys/fs/cgroup/cpu.max", "max 100000\n");
  CHECK(quota_cpus(root.path()) == Count(2));
}

TEST_CASE("in a container the group's path may not be mounted, its top is") {
  const Root root;
  root.write("/proc/self/cgroup", "0::/docker/0123\n");
  root.write("/sys/fs/cgroup/cpu.max", "300000 100000\n");
  CHECK(quota_cpus(root.path()) == Count(3));
}

TEST_CASE("only the v1 hierarchy with the cpu controller counts") {
  const Root root;
  root.write("/proc/self/cgroup", "4:memory:/m\n3:cpuset:/s\n2:cpu,cpuacct:/c\n");
  root.write("/sys/fs/cgroup/cpu/c/cpu.cfs_quota_us", "120000\n");
  root.write("/sys/fs/cgroup/cpu/c/cpu.cfs_period_us", "100000\n");
  root.write("/sys/fs/cgroup/cpu/s/cpu.cfs_quota_us", "10000\n");
  root.write("/sys/fs/cgroup/cpu/s/cpu.cfs_period_us", "100000\n");
  CHECK(quota_cpus(root.path()) == Count(2));
}

TEST_CASE("without control groups there is no quota, and at least one processor") {
  const Root root;
  CHECK(quota_cpus(root.path()) == std::nullopt);
  CHECK(prox::master::usable_cpus() >= 1);
}
