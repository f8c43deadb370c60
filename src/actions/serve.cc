#include "prox/actions/serve.h"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

#include "actions/listing.h"
#include "actions/serve_body.h"
#include "actions/serve_path.h"
#include "prox/base/pooled.h"
#include "prox/config/media_type.h"
#include "prox/exchange/error_response.h"
#include "prox/exchange/response.h"
#include "prox/exchange/variables.h"
#include "prox/http/codings.h"
#include "prox/http/conditions.h"
#include "prox/http/ranges.h"

namespace prox::actions {

namespace {

using base::Errc;
using base::Error;
using base::Side;
using base::Slice;
using exchange::Exchange;
using files::Found;
using files::Kind;
using http::BodyFraming;

using RangeKind = http::RangeRequest::Kind;

// What config::media_type says of a file it knows nothing of: browsers must not guess.
constexpr Slice kUnknownType = "application/octet-stream";

// {path} in `try` is the path below the root; the other variables are the request's.
class CandidateVariables final : public exchange::Variables {
 public:
  CandidateVariables(const Exchange& x, Slice path) : Variables(x), path_(path) {}
  std::string_view value(routing::Variable variable, std::string_view name) const override {
    return variable == routing::Variable::Path ? path_ : Variables::value(variable, name);
  }

 private:
  Slice path_;
};

// Why what was found is not sent.
Error error_of(const Found& found) {
  constexpr std::string_view kDoing = "looking for a file";
  switch (found.kind) {
    case Kind::Forbidden: return {Errc::Forbidden, Side::Downstream, false, 0, kDoing};
    case Kind::Failed: return {Errc::SystemCall, Side::Internal, false, found.error, kDoing};
    case Kind::File:
    case Kind::Directory:
    case Kind::Missing: break;
  }
  return {Errc::NotFound, Side::Downstream, false, 0, kDoing};
}

const Error kMissing = error_of({});

// Whether a name of an index is taken. One that may not be read is a page all the same: the directory is not shown in its place.
bool is_there(const Found& found) {
  return found.kind != Kind::Missing && found.kind != Kind::Directory;
}

bool contains(const std::vector<std::string>& list, Slice text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

class ServeHandler final : public exchange::Handler, public base::Pooled<ServeHandler> {
 public:
  ServeHandler(const ServeAction::Options& options, Exchange& exchange)
      : options_(options), x_(exchange), body_(exchange) {}

  void start() override;
  void on_request_body(net::Buffer& data) override { data.clear(); }
  void on_request_end(Slice) override {}
  bool wants_request_body() const override { return true; }
  void on_response_drained() override { body_.send_more(); }

 private:
  const Found& look(Slice path) const;
  const Found& look_to_send(Slice path) const;
  void serve_below_root();
  void serve_path(Slice path);
  bool serve_candidate(const std::string& candidate);
  bool serve_directory(Slice path);
  bool has_index(const std::string& directory) const;
  void list(Slice path);
  void redirect(const std::string& to);
  void refuse(const Error& error);
  const std::string* error_page(int status) const;

  void respond(Slice name);
  void send_whole(const Found& found, Slice name);
  void send_parts(const Found& found, Slice name, const std::vector<http::ByteRange>& ranges);
  void refuse_range(std::uint64_t size);
  const Found& pick(Slice name);
  Slice tag_of(const Found& found);
  Slice type_of(Slice name) const;
  void add_field(Slice name, Slice value) {
    x_.response.fields.add(name, value, http::recognise(name));
  }
  void begin_head(int status);
  void add_type(Slice name);
  void add_representation(const Found& found);

  const ServeAction::Options& options_;
  Exchange& x_;
  ServeBody body_;
  std::string path_;  // below the root
  Slice coding_;      // of the sibling that was picked; empty: none
  Slice etag_;        // of what was picked
  std::string coded_etag_;
};

void ServeHandler::start() {
  const http::Method method = x_.request.method;
  if (method != http::Method::Get && method != http::Method::Head)
    return exchange::answer(x_, 405, {{"Allow", "GET, HEAD", http::FieldId::Other}});
  if (options_.root.empty()) {
    return respond(options_.file);
  }
  serve_below_root();
}

const Found& ServeHandler::look(Slice path) const {
  return x_.context->files.find(options_.root, path, base::coarse_now());
}

const Found& ServeHandler::look_to_send(Slice path) const {
  return x_.context->files.find_to_send(options_.root, path, base::coarse_now());
}

void ServeHandler::serve_below_root() {
  path_.assign(path_below_root(x_));
  if (has_hidden_segment(path_)) return refuse(kMissing);
  if (options_.candidates.empty()) return serve_path(path_);
  const std::string asked = "/" + path_;
  std::string candidate;
  for (const routing::Template& each : options_.candidates) {
    candidate.clear();
    each.render(CandidateVariables(x_, asked), routing::Escape::Raw, candidate);
    candidate.erase(0, candidate.find_first_not_of('/'));
    if (!has_hidden_segment(candidate) && serve_candidate(candidate)) return;
  }
  refuse(kMissing);
}

// The path itself, as a request for it says.
void ServeHandler::serve_path(Slice path) {
  const bool wants_directory = path.empty() || path.ends_with('/');
  const Slice bare = wants_directory ? path.substr(0, path.find_last_not_of('/') + 1) : path;
  const Found& found = look(bare);
  switch (found.kind) {
    case Kind::File:
      if (wants_directory) return redirect(without_slash(x_));
      // One address for one page: the one without the name.
      if (file_name(path) == "index.html" && contains(options_.index, "index.html"))
        return redirect(to_directory(x_));
      return respond(path);
    case Kind::Directory:
      if (!wants_directory) {
        const bool has_page = options_.browse || has_index(std::string(path) + "/");
        return has_page ? redirect(with_slash(x_)) : refuse(kMissing);
      }
      if (!serve_directory(path)) refuse(kMissing);
      return;
    case Kind::Missing:
    case Kind::Forbidden:
    case Kind::Failed: return refuse(error_of(found));
  }
}

// One of `try`: true if it was there and the request is done with.
bool ServeHandler::serve_candidate(const std::string& candidate) {
  const bool wants_directory = candidate.empty() || candidate.ends_with('/');
  const Found& found = look(Slice(candidate).substr(0, candidate.find_last_not_of('/') + 1));
  const Kind kind = found.kind;
  if (kind == Kind::Failed) {
    // It may be there: the next one would be the wrong answer.
    refuse(error_of(found));
    return true;
  }
  if (kind == Kind::File && !wants_directory) {
    respond(candidate);
    return true;
  }
  if (kind != Kind::Directory) return false;
  if (wants_directory) return serve_directory(candidate);
  // The directory that was asked for, but for its slash: relative links in its page need that.
  if (candidate != path_ || !(options_.browse || has_index(candidate + "/"))) return false;
  redirect(with_slash(x_));
  return true;
}

bool ServeHandler::serve_directory(Slice path) {
  const std::string directory(path);
  for (const std::string& name : options_.index) {
    const std::string page = directory + name;
    if (!is_there(look(page))) continue;
    respond(page);
    return true;
  }
  if (!options_.browse) return false;
  list(path);
  return true;
}

bool ServeHandler::has_index(const std::string& directory) const {
  for (const std::string& name : options_.index) {
    if (is_there(look(directory + name))) return true;
  }
  return false;
}

void ServeHandler::list(Slice path) {
  const base::Result<files::Directory> directory =
      x_.context->files.read_directory(options_.root, path, base::coarse_now());
  if (!directory) return refuse(error_of(Found::failed(directory.error().sys_errno)));
  begin_head(200);
  add_field("Content-Type", "text/html; charset=utf-8");
  body_.add_text(listing(*directory, x_.path));
  body_.send({BodyFraming::Kind::Length, body_.size()});
}

void ServeHandler::redirect(const std::string& to) {
  exchange::answer(x_, 301, {{"Location", to, http::FieldId::Other}});
}

void ServeHandler::refuse(const Error& error) {
  const int status = exchange::status_of(error);
  const std::string* page = error_page(status);
  const Found* found = page != nullptr ? &look_to_send(*page) : nullptr;
  if (found == nullptr || found->kind != Kind::File) return exchange::fail(x_, error);
  exchange::report(x_, error);
  begin_head(status);
  add_type(*page);
  body_.add_file(*found, {0, found->version.size});
  body_.send({BodyFraming::Kind::Length, body_.size()});
}

const std::string* ServeHandler::error_page(int status) const {
  for (const auto& [of, page] : options_.error_pages) {
    if (of == status) return &page;
  }
  return nullptr;
}

// ---- a file that was found ----

void ServeHandler::respond(Slice name) {
  const Found& found = pick(name);
  if (found.kind != Kind::File) return refuse(error_of(found));
  const http::Validators validators{etag_, found.modified_seconds()};
  const std::int64_t now = std::time(nullptr);
  switch (http::evaluate(x_.request, validators, now)) {
    case http::Verdict::Proceed: break;
    case http::Verdict::Failed: return exchange::answer(x_, 412);
    case http::Verdict::NotModified:
      begin_head(304);
      add_representation(found);
      return body_.send({});
  }
  if (const http::Field* range = http::find_range(x_.request, validators, now)) {
    const http::RangeRequest asked = http::parse_range(range->value, found.version.size);
    if (asked.kind == RangeKind::Parts) return send_parts(found, name, asked.ranges);
    if (asked.kind == RangeKind::Unsatisfiable) return refuse_range(found.version.size);
  }
  send_whole(found, name);
}

void ServeHandler::send_whole(const Found& found, Slice name) {
  begin_head(200);
  add_type(name);
  add_representation(found);
  add_field("Accept-Ranges", "bytes");
  body_.add_file(found, {0, found.version.size});
  body_.send({BodyFraming::Kind::Length, found.version.size});
}

void ServeHandler::send_parts(const Found& found, Slice name,
                              const std::vector<http::ByteRange>& ranges) {
  begin_head(206);
  std::string of_one;
  if (ranges.size() == 1) {
    of_one = content_range(ranges.front(), found.version.size);
    add_type(name);
    add_field("Content-Range", of_one);
    body_.add_file(found, ranges.front());
  } else {
    add_field("Content-Type", body_.add_multipart(found, ranges, type_of(name)));
  }
  add_representation(found);
  body_.send({BodyFraming::Kind::Length, body_.size()});
}

void ServeHandler::refuse_range(std::uint64_t size) {
  const std::string range = fmt::format("bytes */{}", size);
  exchange::answer(x_, 416, {{"Content-Range", range, http::FieldId::Other}});
}

// The file, or its sibling in the coding that the client wants most; among equals the one that is named first.
const Found& ServeHandler::pick(Slice name) {
  int best = http::least_coding_weight(x_.request.fields) - 1;
  std::string best_sibling;
  for (const ServeAction::Coding& each : options_.precompressed) {
    const int weight = http::coding_weight(x_.request.fields, each.name);
    if (weight <= best) continue;
    std::string sibling = std::string(name) + each.suffix;
    if (look(sibling).kind != Kind::File) continue;
    best = weight;
    best_sibling = std::move(sibling);
    coding_ = each.name;
  }
  const Found& found = look_to_send(coding_.empty() ? name : Slice(best_sibling));
  if (found.kind == Kind::File) etag_ = tag_of(found);
  return found;
}

// Siblings often have the time of the plain file, and may come to its size: the coding tells them apart (RFC 9110 §8.8.3.3).
Slice ServeHandler::tag_of(const Found& found) {
  if (coding_.empty()) return found.etag;
  coded_etag_.assign(found.etag, 0, found.etag.size() - 1);
  return coded_etag_.append("-").append(coding_).append("\"");
}

Slice ServeHandler::type_of(Slice name) const {
  const Slice last = file_name(name);
  const std::size_t dot = last.rfind('.');
  if (dot != Slice::npos) {
    for (const auto& [ending, type] : options_.types) {
      if (http::equal_ignoring_case(last.substr(dot), ending)) return type;
    }
  }
  return config::media_type(last);
}

void ServeHandler::begin_head(int status) {
  x_.response.status = status;
  x_.response.reason = http::reason_phrase(status);
}

void ServeHandler::add_type(Slice name) {
  const Slice type = type_of(name);
  add_field("Content-Type", type);
  if (type == kUnknownType) add_field("X-Content-Type-Options", "nosniff");
}

// What is true of the file, whichever part of it is sent. The slices lie in the cache, which does not change before the head is written.
void ServeHandler::add_representation(const Found& found) {
  add_field("Last-Modified", found.last_modified);
  add_field("ETag", etag_);
  if (!coding_.empty()) add_field("Content-Encoding", coding_);
  if (!options_.precompressed.empty()) add_field("Vary", "Accept-Encoding");
  if (!options_.cache_control.empty()) add_field("Cache-Control", options_.cache_control);
}

}  // namespace

std::unique_ptr<exchange::Handler> ServeAction::make_handler(Exchange& exchange) const {
  return std::make_unique<ServeHandler>(options_, exchange);
}

}  // namespace prox::actions
