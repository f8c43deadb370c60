#include <signal.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "prox/base/json.h"
#include "prox/config/loader.h"
#include "prox/master/control_client.h"
#include "prox/master/pid_file.h"

namespace prox::cli {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A reload's workers have 10 s to become ready, and another reload may have to end first.
constexpr milliseconds kReloadLimit = seconds(30);
constexpr milliseconds kLimit = seconds(5);

struct PidPlace {
  std::optional<std::string> path;
  config::LoadResult loaded;
  // The config has errors and names no file that could be read: the default place is only a guess.
  bool is_guessed() const { return loaded.diagnostics.has_errors() && !loaded.process.pid_file; }
};

// Only process.pid_file is of interest, and an invalid config must not keep anybody from stopping prox.
PidPlace find_pid_file(const Options& options) {
  PidPlace place{{},
                 config::load({options.config_path, options.prefix, config::Purpose::Validate})};
  const std::optional<config::Path>& configured = place.loaded.process.pid_file;
  place.path = configured ? configured->resolved : master::default_pid_path(options.prefix);
  return place;
}

int fail(const std::string& message) {
  fmt::print(stderr, "prox: {}\n", message);
  return 1;
}

int not_running(const PidPlace& place, const Options& options) {
  if (!place.is_guessed()) return fail("not running");
  fmt::print(stderr, "{}", config::render_text(place.loaded.diagnostics, place.loaded.sources));
  return fail(
      fmt::format("not running, as far as the default pid file tells: {} cannot be read far enough "
                  "to know its own",
                  options.config_path));
}

int print_answer(const Options& options, const std::string& text) {
  const auto answer = base::Json::parse(text, nullptr, false);
  if (!answer.is_object()) return fail("the running prox gave an answer that is not understood");
  if (answer.value("ok", false)) {
    if (options.signal == "reload") {
      fmt::print("prox: reload complete: generation {}, {} services, {} routes\n",
                 answer.value("generation", 0), answer.value("services", 0),
                 answer.value("routes", 0));
    }
    return 0;
  }
  fmt::print(stderr, "{}", answer.value("text", ""));
  return fail(
      fmt::format("{} failed: {}", options.signal, answer.value("error", "no reason given")));
}

int to_signal(const std::string& word) {
  if (word == "reload") return SIGHUP;
  if (word == "reopen") return SIGUSR1;
  return word == "quit" ? SIGQUIT : SIGTERM;
}

// The control socket is gone, which the pid file may have survived: a signal gets through, but brings no answer.
int send_signal(const Options& options, const PidPlace& place) {
  const auto pid = master::read_running_pid(*place.path);
  if (!pid) return not_running(place, options);
  if (::kill(*pid, to_signal(options.signal)) == -1)
    return fail(fmt::format("cannot signal process {}: {}", *pid, std::strerror(errno)));
  if (options.signal == "reload")
    fmt::print(stderr, "prox: signalled process {}; its log tells how the reload ends\n", *pid);
  return 0;
}

}  // namespace

int signal_master(const Options& options) {
  const PidPlace place = find_pid_file(options);
  if (!place.path) return not_running(place, options);
  const auto answer = master::ask_master(master::control_path(*place.path), options.signal,
                                         options.signal == "reload" ? kReloadLimit : kLimit);
  if (answer) return print_answer(options, *answer);
  return answer.error().is_unreachable ? send_signal(options, place) : fail(answer.error().why);
}

}  // namespace prox::cli
