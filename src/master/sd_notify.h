#pragma once

#include <string_view>

namespace prox::master {

// Tells the service manager, if one asks for it by NOTIFY_SOCKET (sd_notify(3)): "READY=1".
void notify_service_manager(std::string_view state);

}  // namespace prox::master
