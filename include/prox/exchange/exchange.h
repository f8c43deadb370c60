#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "prox/base/block.h"
#include "prox/base/slice.h"
#include "prox/exchange/access_log.h"
#include "prox/exchange/access_record.h"
#include "prox/exchange/encoding_share.h"
#include "prox/exchange/handler.h"
#include "prox/exchange/response_sink.h"
#include "prox/exchange/service.h"
#include "prox/files/cache.h"
#include "prox/http/framing.h"
#include "prox/http/request.h"
#include "prox/http/response.h"
#include "prox/net/loop.h"
#include "prox/net/pipe_pool.h"
#include "prox/net/resolver.h"
#include "prox/upstream/pool.h"
#include "prox/zone/zone.h"

namespace prox::exchange {

class EncodingSink;

// What every exchange of a worker shares. Outlives them all.
struct Context {
  net::Loop& loop;
  base::BlockPool& blocks;
  upstream::Pools& pools;
  files::Cache& files;
  zone::Row& row;
  net::Resolver& resolver;
  net::PipePool& pipes;
  EncodingShare& encoding;
  AccessLog& access_log;
};

// What TLS told of a client. Owned by its connection.
struct ClientTls {
  std::string sni;  // empty: it sent none
  // Of the certificate that it has shown, empty without one: the subject (RFC 4514), and the SHA-256 in lower-case hex.
  std::string subject;
  std::string fingerprint;
  std::string_view version;  // "TLSv1.3"
};

// One request and its response, from match to the last byte. Recycled, so its lists and strings keep their capacity.
struct Exchange {
  Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  Context* context = nullptr;
  const Service* service = nullptr;
  ResponseSink* sink = nullptr;

  // The request, as received.
  http::RequestHead request;
  http::BodyFraming request_body;
  base::BlockRef head_block;  // what the slices of `request` lie in
  std::string_view client_ip;
  const ClientTls* client_tls = nullptr;  // none: the client's connection is plain

  // What was decided.
  Slice path;  // cleaned
  std::string path_scratch;
  const Route* route = nullptr;
  const routing::PathPattern* path_item = nullptr;
  std::size_t step = 0;
  std::unique_ptr<Handler> handler;

  // The response, as it is about to be sent, and the request as the upstream is to see it.
  http::ResponseHead response;
  http::RequestHead forward;
  std::string target_scratch;
  std::string forwarded_scratch;
  std::string edits_scratch;   // values of response_headers
  std::string fields_scratch;  // values of the fields that a proxy action sets
  std::string etag_scratch;    // the ETag, made weak
  bool head_sent = false;
  std::unique_ptr<EncodingSink>
      encoding;  // what `sink` is once the head of an encoded body is sent

  AccessRecord access;
  // For the list of those that are over while their responses leave.
  Exchange* next = nullptr;
  std::uint64_t leaves_at = 0;

  // Of what carried it out, when that has nothing left to do.
  void let_go();
  void recycle();
};

// What an exchange ends with, once, as the last thing: its access line.
void log_access(const Exchange& exchange);
// Whether that would write anything.
bool wants_access_line(const Exchange& exchange);

// Exchanges not in use, for the next ones.
class ExchangePool {
 public:
  struct GiveBack {
    ExchangePool* home;
    void operator()(Exchange* exchange) const { home->give_back(exchange); }
  };
  using Ptr = std::unique_ptr<Exchange, GiveBack>;

  Ptr take();

 private:
  static constexpr std::size_t kKept = 1024;
  void give_back(Exchange* exchange);

  std::vector<std::unique_ptr<Exchange>> free_;
};

}  // namespace prox::exchange
