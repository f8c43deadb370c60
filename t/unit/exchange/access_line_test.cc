#include "prox/exchange/access_line.h"

#include <string>

#include "catch.h"

using prox::exchange::AccessLine;

namespace {

std::string json(const AccessLine& line) {
  std::string text(prox::exchange::json_room(line), '\0');
  const char* end = prox::exchange::write_json(line, text.data());
  REQUIRE(end <= text.data() + text.size());
  text.resize(static_cast<std::size_t>(end - text.data()));
  return text;
}

// Every field has something to say.
AccessLine full_line(std::string_view text) {
  AccessLine line;
  line.began = 1'764'132'203'123'456'000;
  line.duration = INT64_MAX;
  for (std::string_view* each :
       {&line.service, &line.method, &line.path, &line.client, &line.user_agent, &line.route,
        &line.action, &line.host, &line.query, &line.protocol, &line.tls, &line.server_name,
        &line.upstream, &line.error})
    *each = text;
  line.status = line.upstream_status = 599;
  line.bytes_in = line.bytes_out = INT64_MAX;
  line.upstream_time = line.upstream_connect = INT64_MAX;
  line.retries = 65535;
  return line;
}

}  // namespace

TEST_CASE(
    "the fields that readers rely on are there and come first, even when there is nothing in "
    "them") {
  AccessLine line;
  line.began = 1'764'132'203'123'456'000;
  line.duration = 12'345;
  line.service = "web";
  line.client = "192.0.2.1";
  CHECK(json(line) ==
        "{\"ts\":\"2025-11-26T04:43:23.123456Z\",\"service\":\"web\",\"method\":\"\",\"path\":\"\","
        "\"status\":0,\"duration_ms\":12.345,\"bytes_out\":0,\"client_ip\":\"192.0.2.1\"}\n");
}

TEST_CASE("the other fields follow in their order") {
  std::string order;
  const std::string text = json(full_line("x"));
  for (std::size_t at = 0; (at = text.find("\":", at)) != std::string::npos; ++at) {
    const std::size_t begin = text.rfind('"', at - 1) + 1;
    order += text.substr(begin, at - begin) + " ";
  }
  CHECK(
      order ==
      "ts service method path status duration_ms bytes_out client_ip user_agent route action host "
      "query proto tls sni bytes_in upstream upstream_status upstream_ms upstream_connect_ms "
      "retries error ");
}

TEST_CASE("the worst of all texts fit into the room") {
  const std::string worst(1000, '\x02');
  CHECK(json(full_line(worst)).size() > 14 * 6 * worst.size());
  json(full_line(""));
}

TEST_CASE("a connection that was passed on tells its bytes both ways, though there are none") {
  AccessLine line;
  line.is_pass = true;
  CHECK(json(line).find("\"bytes_in\":0") != std::string::npos);
}
