// Runs a fuzz target without libFuzzer, so that every build with any compiler holds its properties: on each seed, and on
// inputs made from the seeds that are the same ones in every run. Usage: replay [-m MUTATIONS_PER_SEED] FILE|DIRECTORY...

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

struct Seed {
  std::string path;
  std::string bytes;
};

// What is being run, for the report of a failure.
struct Current {
  std::string crash_path;
  const char* seed = "";
  int mutation = 0;
  const char* data = nullptr;
  std::size_t size = 0;
} current;

// The way of a failing property (abort) and of a sanitizer's finding: keep the input.
void report() {
  std::fprintf(stderr, "%s: failed on seed %s, mutation %d; input kept in %s\n",
               current.crash_path.c_str(), current.seed, current.mutation,
               current.crash_path.c_str());
  if (std::FILE* file = std::fopen(current.crash_path.c_str(), "wb")) {
    std::fwrite(current.data, 1, current.size, file);
    std::fclose(file);
  }
}

void on_signal(int number) {
  std::signal(number, SIG_DFL);
  report();
  std::raise(number);
}

void catch_failures() {
  std::signal(SIGABRT, on_signal);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_set_death_callback(report);
#else
  std::signal(SIGSEGV, on_signal);
#endif
}

void run(const std::string& bytes) {
  // An array of just this size, so that AddressSanitizer sees the first byte read past its end.
  auto exact = std::make_unique<std::uint8_t[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), exact.get());
  current.data = bytes.data();
  current.size = bytes.size();
  LLVMFuzzerTestOneInput(exact.get(), bytes.size());
}

class Mutator {
 public:
  explicit Mutator(const std::vector<Seed>& seeds) : seeds_(seeds) {}

  std::string mutate(std::string bytes) {
    for (std::size_t rounds = 1 + below(4); rounds > 0; --rounds) change(bytes);
    return bytes;
  }

 private:
  // std::mt19937 gives the same numbers everywhere; the standard distributions do not.
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  void change(std::string& bytes) {
    const std::size_t at = below(bytes.size() + 1);
    const std::size_t length = std::min(bytes.size() - at, 1 + below(8));
    switch (below(7)) {
      case 0: bytes.erase(at, length); break;
      case 1: bytes.insert(at, bytes.substr(at, length)); break;
      case 2: bytes.insert(at, 1, telling_byte()); break;
      case 3: bytes.resize(at); break;
      case 4: splice(bytes, at); break;
      case 5:
        if (at < bytes.size()) bytes[at] = telling_byte();
        break;
      default:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
    }
  }

  void splice(std::string& bytes, std::size_t at) {
    const std::string& other = seeds_[below(seeds_.size())].bytes;
    bytes.replace(at, std::string::npos, other, std::min(at, other.size()));
  }

  // Bytes on which text parsers turn.
  char telling_byte() {
    using std::string_view_literals::operator""sv;  // counts the NUL
    constexpr std::string_view kBytes =
        "\0\r\n\t :;,\"'\\/{}[]()#%+-.0129aAfFxX_=\x7f\x80\xc0\xe2\xef\xff"sv;
    return kBytes[below(kBytes.size())];
  }

  const std::vector<Seed>& seeds_;
  std::mt19937 random_;
};

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<Seed> load(const std::vector<std::string>& paths) {
  std::vector<Seed> seeds;
  for (const std::string& path : paths) {
    if (!std::filesystem::is_directory(path)) {
      seeds.push_back({path, contents(path)});
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(path))
      seeds.push_back({entry.path(), contents(entry)});
  }
  // A directory's order is its own; ours must not be.
  std::sort(seeds.begin(), seeds.end(),
            [](const Seed& a, const Seed& b) { return a.path < b.path; });
  return seeds;
}

}  // namespace

int main(int argc, char** argv) {
  int mutations = 200;
  std::vector<std::string> paths(argv + 1, argv + argc);
  if (paths.size() > 1 && paths[0] == "-m") {
    mutations = std::atoi(paths[1].c_str());
    paths.erase(paths.begin(), paths.begin() + 2);
  }
  const std::vector<Seed> seeds = load(paths);
  if (seeds.empty()) {
    std::fprintf(stderr, "%s: no seeds\n", argv[0]);
    return 1;
  }
  current.crash_path = std::string(argv[0]) + ".crash";
  catch_failures();

  Mutator mutator(seeds);
  for (const Seed& seed : seeds) {
    current.seed = seed.path.c_str();
    current.mutation = 0;
    run(seed.bytes);
    for (current.mutation = 1; current.mutation <= mutations; ++current.mutation)
      run(mutator.mutate(seed.bytes));
  }
  std::printf("%s: %zu seeds, %zu inputs, all properties hold\n", argv[0], seeds.size(),
              seeds.size() * static_cast<std::size_t>(mutations + 1));
}
