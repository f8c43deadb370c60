#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace prox::ipc {

// What master and workers tell each other. A descriptor may travel with a message (SCM_RIGHTS).
enum class MessageType : std::uint16_t {
  // master → worker
  Accept,  // every worker of the generation is ready: serve
  Drain,  // stop accepting, finish what is open, exit. number: limit in ms, 0 = none. Descriptor, if any: a channel to the
  // worker that takes over idle connections (HandOver messages); none: there is no next generation. text: keys of the
  // listeners that the next generation has not, a line each, as many as fit
  TakeOver,  // descriptor: the other end of such a channel, to receive HandOver messages on
             // A worker that drains before it has read them all sends it on to the worker after it
  Adopt,  // accept on a dead sibling's socket too. number: index of the listener in the plan; text: decimal slot of the socket;
          // descriptor: the socket
  Release,  // its replacement is ready: let that adopted socket go. number and text as in its Adopt
  ReopenLog,  // number: index of the log file in the plan, or kStderr; descriptor: what it is from now on
  Stop,  // close everything and exit now
  // worker → master
  Ready,        // set up, nothing served yet
  Failed,       // cannot be set up; text: why. The worker exits
  LogReopened,  // number as in its ReopenLog: no line goes to the file before any more
  // worker → worker of the next generation
  HandOver,  // descriptor: a plain client connection; number: 0 if it is idle after earlier requests, 1 if nothing was taken from it
             // yet; text: key of the listener it came in by
};

struct Message {
  MessageType type = MessageType::Accept;
  std::uint64_t number = 0;
  std::string text = {};  // at most kMaxText bytes
};

inline constexpr std::size_t kMaxText = 4096;

// The stderr of a detached prox, among log files.
inline constexpr std::uint64_t kStderr = UINT64_MAX;

}  // namespace prox::ipc
