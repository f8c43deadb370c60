#include "prox/net/pipe_pool.h"

#include <sys/resource.h>
#include <unistd.h>

#include <vector>

#include "catch.h"

using prox::net::Pipe;
using prox::net::PipePool;

TEST_CASE("a pipe that was given back is taken again") {
  PipePool pool;
  Pipe pipe = pool.take();
  REQUIRE(pipe);
  const int out = pipe.out.get();
  char byte = 'x';
  CHECK(::write(pipe.in.get(), &byte, 1) == 1);
  CHECK(::read(out, &byte, 1) == 1);
  CHECK(::read(out, &byte, 1) == -1);  // it does not block
  pool.give_back(std::move(pipe));
  CHECK(pool.free_pipes() == 1);
  CHECK(pool.take().out.get() == out);
  CHECK(pool.free_pipes() == 0);
}

TEST_CASE("a burst leaves a bounded number of pipes behind") {
  PipePool pool;
  std::vector<Pipe> pipes;
  for (int i = 0; i < 100; ++i) pipes.push_back(pool.take());
  for (Pipe& pipe : pipes) pool.give_back(std::move(pipe));
  CHECK(pool.free_pipes() == 16);
  pool.clear();
  CHECK(pool.free_pipes() == 0);
}

TEST_CASE("without descriptors there is no pipe") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit none{0, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  PipePool pool;
  const bool took = static_cast<bool>(pool.take());
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK_FALSE(took);
}
