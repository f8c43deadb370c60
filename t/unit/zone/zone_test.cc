#include "prox/zone/zone.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "catch.h"

using prox::zone::add;
using prox::zone::Row;
using prox::zone::subtract;
using prox::zone::Zone;

namespace {

Zone map(std::size_t rows) {
  auto zone = Zone::map(rows);
  REQUIRE(zone);
  return std::move(*zone);
}

}  // namespace

TEST_CASE("a claimed row carries slot and generation and is not claimed twice") {
  Zone zone = map(2);
  const auto first = zone.claim_row(3, 7);
  const auto second = zone.claim_row(4, 7);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(*first != *second);
  CHECK(zone.row(*first).slot == 3);
  CHECK(zone.row(*first).generation == 7);
  const auto third = zone.claim_row(5, 7);
  REQUIRE_FALSE(third);
  CHECK(third.error().sys_errno == ENOSPC);
}

TEST_CASE(
    "a retired row gives its totals to the retired ones, drops what is up and down, and is free "
    "again") {
  Zone zone = map(1);
  Row& row = zone.row(*zone.claim_row(0, 1));
  row.pid = 1234;
  add(row.connections, 5);
  subtract(row.connections, 2);
  CHECK(row.connections == 3);
  add(row.active_requests);
  add(row.connections_total, 5);
  add(row.requests_total, 10);
  add(row.responses_total[2], 9);
  add(row.responses_total[0]);
  add(row.bytes_in, 100);
  add(row.bytes_out, 200);
  add(row.passed_total, 4);
  add(row.dropped_total, 3);
  zone.retire_row(0);
  CHECK(row.pid == 0);
  CHECK(row.connections == 0);
  CHECK(row.active_requests == 0);
  CHECK(row.requests_total == 0);
  CHECK(zone.retired().connections == 0);

  const auto again = zone.claim_row(0, 2);
  REQUIRE(again);
  add(zone.row(*again).requests_total, 1);
  zone.retire_row(*again);
  CHECK(zone.retired().connections_total == 5);
  CHECK(zone.retired().requests_total == 11);
  CHECK(zone.retired().responses_total[2] == 9);
  CHECK(zone.retired().responses_total[0] == 1);
  CHECK(zone.retired().bytes_in == 100);
  CHECK(zone.retired().bytes_out == 200);
  CHECK(zone.retired().passed_total == 4);
  CHECK(zone.retired().dropped_total == 3);
}

TEST_CASE("what a child counts is seen by its parent") {
  Zone zone = map(4);
  const std::size_t index = *zone.claim_row(0, 1);
  const pid_t child = ::fork();
  REQUIRE(child != -1);
  if (child == 0) {
    add(zone.row(index).requests_total, 42);
    ::_exit(0);
  }
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK(zone.row(index).requests_total == 42);
}

TEST_CASE("rows do not share a cache line") {
  Zone zone = map(2);
  const auto distance =
      reinterpret_cast<const char*>(&zone.row(1)) - reinterpret_cast<const char*>(&zone.row(0));
  CHECK(distance % 64 == 0);
  CHECK(reinterpret_cast<std::uintptr_t>(&zone.row(0)) % 64 == 0);
}
