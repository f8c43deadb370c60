#include "master/ticket_rotation.h"

#include "prox/base/log.h"
#include "prox/master/report.h"

namespace prox::master {

TicketRotation::TicketRotation(net::Loop& loop, tls::TicketKeys& keys, base::Millis period)
    : keys_(keys), period_(period) {
  timer_.init(
      loop, [](void* self) { static_cast<TicketRotation*>(self)->rotate(); }, this);
  timer_.set_after(period_);
}

void TicketRotation::rotate() {
  if (const auto rotated = keys_.rotate(); !rotated)
    base::log::error("cannot make a new key for session tickets: the old one stays",
                     {{"reason", describe(rotated.error())}});
  timer_.set_after(period_);
}

}  // namespace prox::master
