#include "prox/actions/pass.h"

#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "prox/base/log.h"
#include "prox/exchange/error_word.h"
#include "prox/net/socket.h"

namespace prox::actions {

namespace {

constexpr std::string_view kReset = "reset";  // one side broke off, and the other was told so

}  // namespace

Pass::Pass(exchange::Context& context, About about, Callback callback, void* owner)
    : context_(context),
      about_(std::move(about)),
      started_(context.loop.turn_time()),
      callback_(callback),
      owner_(owner),
      connector_(
          context.loop, &Pass::on_connected, this,
          [](void* self, int socket) { static_cast<Pass*>(self)->relay_.watch_target(socket); }),
      relay_(context.loop, context.blocks, context.pipes, &Pass::on_relay_end, this) {}

void Pass::start(const upstream::Target& target, base::Fd client) {
  zone::add(context_.row.passed_total);
  is_open_ = true;
  target_ = target.address.authority;
  keep_alive_seconds_ = target.keep_alive_seconds;
  client_ = std::move(client);
  if (target.literal) {
    connector_.connect(*target.literal, target.connect_timeout, 0);
  } else {
    connector_.connect(context_.resolver, target.address.host, target.address.port,
                       target.connect_timeout, 0);
  }
}

void Pass::close() {
  if (is_open_) account(exchange::kShutdown);
  connector_.cancel();
  relay_.close(true);
  client_.reset();
}

void Pass::on_connected(void* self, base::Result<base::Fd> outcome) {
  auto* pass = static_cast<Pass*>(self);
  if (!outcome) {
    pass->log_failure(outcome.error());
    pass->account(exchange::error_word(outcome.error()));
    pass->relay_.close(false);
    pass->client_.reset();
    return pass->callback_(pass->owner_);
  }
  pass->connected_ = pass->context_.loop.turn_time();
  if (!pass->relay_.start(std::move(pass->client_), std::move(*outcome), pass->keep_alive_seconds_))
    pass->callback_(pass->owner_);
}

void Pass::on_relay_end(void* self, net::Relay::End end) {
  auto* pass = static_cast<Pass*>(self);
  pass->account(end == net::Relay::End::Reset ? kReset : std::string_view());
  pass->callback_(pass->owner_);
}

void Pass::log_failure(const base::Error& error) const {
  static base::log::RateLimit limit;
  limit.write(base::log::Level::Warn,
              fmt::format("{} while {}", base::to_word(error.code), error.context),
              {{"service", about_.service},
               {"route", about_.route},
               {"client", about_.client},
               {"sni", about_.server_name},
               {"upstream", target_},
               {"reason", error.sys_errno != 0 ? std::strerror(error.sys_errno) : ""}});
}

// `error`: why it did not end with both sides' ends; empty if it did.
void Pass::account(std::string_view error) {
  is_open_ = false;
  zone::add(context_.row.bytes_in, relay_.bytes_to_target());
  zone::add(context_.row.bytes_out, relay_.bytes_to_client());
  if (!context_.access_log.wants(about_.access, 0)) return;
  exchange::AccessLine line;
  line.is_pass = true;
  line.service = about_.service;
  line.bytes_in = relay_.bytes_to_target();
  line.bytes_out = relay_.bytes_to_client();
  line.client = about_.client;
  line.route = about_.route;
  line.action = about_.action;
  line.protocol = "tls-pass";
  line.server_name = about_.server_name;
  line.upstream = target_;
  if (connected_ != 0) line.upstream_connect = connected_ - started_;
  line.error = error;
  context_.access_log.write(about_.access, line, started_);
}

}  // namespace prox::actions
