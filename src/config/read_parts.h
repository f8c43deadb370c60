#pragma once

#include "config/check.h"
#include "config/fields.h"
#include "prox/config/config.h"

// The objects of a config that can be read without a look at anything else, each from the object that has its keys.
namespace prox::config {

void read_settings(const Fields& settings, ServiceSettings& to);
void read_tls(const Fields& service, TlsSettings& to);

// Of a service or a route.
void read_guards(const Fields& holder, Guards& to);
void read_compression(const Fields& holder, Compression& to);
// Of a route or an action.
bool read_access_log(const Fields& holder, std::optional<AccessLog>& to);

void read_balancer(const Fields& balancer, Balancer& to);
void read_target_limits(const Fields& limits, TargetLimits& to);

void read_action_options(const Fields& action, Action& to);  // of the type that `to` has

void read_plugin(const Fields& plugin, Plugin& to);
void read_process(const Fields& process, Process& to);
void read_logging(const Fields& logging, Logging& to);
void read_admin(const Fields& admin, Admin& to);

}  // namespace prox::config
