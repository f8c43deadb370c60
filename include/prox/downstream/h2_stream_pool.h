#pragma once

#include <memory>
#include <vector>

#include "prox/base/block.h"

namespace prox::downstream {

class H2ServerStream;

// HTTP/2 streams not in use, for the next ones of a worker: recycled, their lists keep their capacity.
class H2StreamPool {
 public:
  struct GiveBack {
    H2StreamPool* home;
    void operator()(H2ServerStream* stream) const { home->give_back(stream); }
  };
  using Ptr = std::unique_ptr<H2ServerStream, GiveBack>;

  explicit H2StreamPool(base::BlockPool& blocks);
  H2StreamPool(const H2StreamPool&) = delete;
  H2StreamPool& operator=(const H2StreamPool&) = delete;
  ~H2StreamPool();

  Ptr take();

 private:
  void give_back(H2ServerStream* stream);

  base::BlockPool& blocks_;
  std::vector<std::unique_ptr<H2ServerStream>> free_;
};

}  // namespace prox::downstream
