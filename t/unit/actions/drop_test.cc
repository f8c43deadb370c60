#include "prox/actions/drop.h"

#include "exchange/world.h"

using namespace prox;

TEST_CASE("a dropped request is counted, and its client's side is told how to let it go") {
  const exchange::DropMode mode = GENERATE(exchange::DropMode::Hang, exchange::DropMode::Close);
  test::World world;
  test::RecordingSink sink;
  exchange::Exchange x;
  x.context = &world.context;
  x.sink = &sink;
  const actions::DropAction action(mode);
  const auto handler = action.make_handler(x);
  handler->start();
  CHECK(sink.dropped == mode);
  CHECK(sink.status == 0);
  CHECK_FALSE(handler->wants_request_body());
  CHECK(world.row.dropped_total == 1);
}
