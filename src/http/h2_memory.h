#pragma once

#include <nghttp2/nghttp2.h>

namespace prox::http {

// The allocator that all nghttp2 sessions of the process share: free lists by size, so that the objects of streams, frames and header
// tables come and go without reaching the heap. Single-threaded. With AddressSanitizer it is the plain heap.
nghttp2_mem* h2_memory();

}  // namespace prox::http
