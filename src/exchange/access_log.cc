#include "prox/exchange/access_log.h"

#include <cstring>

#include "prox/base/log.h"
#include "prox/exchange/exchange.h"
#include "prox/http/fields.h"

namespace prox::exchange {

namespace {

constexpr base::Millis kFlushInterval = 100;
constexpr base::Millis kReportInterval = 1'000;
constexpr int kClientGone = 499;  // nginx's number for it, which every reader of such files knows

std::string_view user_agent(const http::RequestHead& request) {
  constexpr std::string_view kName = "User-Agent";
  for (const http::Field& field : request.fields) {
    if (field.name.size() == kName.size() && http::equal_ignoring_case(field.name, kName))
      return field.value;
  }
  return {};
}

std::string_view name_of(http::Version version) {
  switch (version) {
    case http::Version::Http10: return "HTTP/1.0";
    case http::Version::Http11: return "HTTP/1.1";
    case http::Version::Http2: return "HTTP/2";
  }
  return {};
}

int status_of(const AccessRecord& record) {
  const bool is_gone = record.error == kClientClosed || record.error == kClientReset;
  return record.status == 0 && is_gone ? kClientGone : record.status;
}

// As its route says, or its service where none has matched.
const AccessRule& access_rule(const Exchange& x) {
  return x.route != nullptr ? x.route->access : x.service->access;
}

// Negative if either end is not known.
base::Micros between(base::Micros from, base::Micros to) {
  return from != 0 && to != 0 ? to - from : -1;
}

}  // namespace

// One without a service never had a whole head, and no answer.
bool wants_access_line(const Exchange& x) {
  return x.service != nullptr && x.context->access_log.wants(access_rule(x), status_of(x.access));
}

void log_access(const Exchange& x) {
  if (wants_access_line(x)) x.context->access_log.write(x);
}

AccessLog::AccessLog(net::Loop& loop, const LogPlan& plan, zone::Row& row)
    : plan_(plan), row_(row) {
  timer_.init(
      loop, [](void* self) { static_cast<AccessLog*>(self)->flush(); }, this);
  for (const std::string& path : plan.files) files_.push_back({path, base::LineWriter(-1)});
}

void AccessLog::set_file(std::size_t index, int fd) { files_[index].writer.move_to(fd); }

void AccessLog::write(const Exchange& x) {
  const AccessRecord& record = x.access;
  AccessLine line;
  line.service = x.service->name;
  line.method = x.request.method_text;
  line.path = x.request.path;
  line.status = status_of(record);
  line.bytes_in = record.bytes_in;
  line.bytes_out = record.bytes_out;
  line.client = x.client_ip;
  line.user_agent = user_agent(x.request);
  if (x.route != nullptr) {
    line.route = x.route->id;
    line.action = x.route->action_name;
  }
  line.host = x.request.host;
  if (plan_.query) line.query = x.request.query;
  line.protocol = name_of(x.request.version);
  if (x.client_tls != nullptr) line.tls = x.client_tls->version;
  line.upstream = record.upstream;
  line.upstream_status = record.upstream_status;
  line.upstream_time = between(record.upstream_started, record.answered);
  line.upstream_connect = between(record.upstream_started, record.connected);
  line.retries = record.retries;
  line.error = record.error;
  write(access_rule(x), line, record.started);
}

void AccessLog::write(const AccessRule& rule, AccessLine line, base::Micros started) {
  const base::Micros now = base::precise_now();
  expect_flush();
  line.began = started * 1000 + wall_offset_;
  line.duration = now - started;
  if (rule.console && is_shown_on_console(line.status)) gather_on_console(line);
  if (rule.file == AccessRule::kNoFile) return;
  base::LineWriter& file = files_[rule.file].writer;
  file.commit(write_json(line, file.reserve(json_room(line))));
}

// The clocks are compared once for what is gathered together.
void AccessLog::expect_flush() {
  if (timer_.deadline() != 0) return;
  timer_.set_after(kFlushInterval);
  wall_offset_ = base::wall_nanos() - base::precise_now() * 1000;
}

void AccessLog::flush() {
  base::log::flush();
  bool all_told = true;
  for (File& file : files_) {
    file.writer.flush();
    all_told = report(file) && all_told;
  }
  count_lost();
  if (!all_told) timer_.set_after(kFlushInterval);
}

// Those of the console and of the error log, too.
void AccessLog::count_lost() {
  std::uint64_t lost = base::log::lost_lines();
  for (const File& file : files_) lost += file.writer.lost_lines();
  row_.log_lines_lost_total.store(lost, std::memory_order_relaxed);
}

// Once a second at most. False if there is more to tell.
bool AccessLog::report(File& file) {
  const std::uint64_t lost = file.writer.lost_lines() - file.told_lost;
  if (lost == 0) return true;
  const base::Millis now = base::coarse_now();
  if (now < file.next_report) return false;
  file.next_report = now + kReportInterval;
  file.told_lost += lost;
  base::log::warn(
      "access lines were lost",
      {{"path", file.path}, {"lines", lost}, {"reason", std::strerror(file.writer.last_errno())}});
  return true;
}

}  // namespace prox::exchange
