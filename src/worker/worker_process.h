#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "prox/base/block.h"
#include "prox/downstream/connection.h"
#include "prox/exchange/exchange.h"
#include "prox/files/cache.h"
#include "prox/ipc/channel.h"
#include "prox/net/loop.h"
#include "prox/net/pipe_pool.h"
#include "prox/net/resolver.h"
#include "prox/net/timer.h"
#include "prox/upstream/pool.h"
#include "prox/worker/worker.h"
#include "worker/acceptor.h"

namespace prox::worker {

// A worker once it is set up: its loop, its connections and what the master tells it.
class WorkerProcess final : public downstream::ConnectionHost,
                            public ipc::Channel::Owner,
                            public Acceptor::Owner {
 public:
  WorkerProcess(const Plan& plan, const WorkerSetup& setup);
  ~WorkerProcess();

  // Says Ready, and runs until it is told to go and nothing is open any more.
  void run();
  // Tells the master why this worker cannot serve.
  void refuse(std::string reason) {
    master_.send({ipc::MessageType::Failed, 0, std::move(reason)});
  }

 private:
  enum class State : std::uint8_t {
    Waiting,   // Ready is said; serves nobody yet
    Serving,   // accepts
    Draining,  // accepts no more, finishes what is open
  };

  struct Adopted {  // a dead sibling's socket
    base::Fd socket;
    std::unique_ptr<Acceptor> acceptor;
    std::string slot;
  };

  // downstream::ConnectionHost
  exchange::Context& context() override { return context_; }
  exchange::ExchangePool& exchanges() override { return exchanges_; }
  downstream::H2StreamPool& h2_streams() override { return h2_streams_; }
  downstream::ConnectionList& connections() override { return connections_; }
  downstream::ShedList& peeking() override { return peeking_; }
  downstream::ShedList& hung() override { return hung_; }
  bool is_draining() const override { return state_ == State::Draining; }
  bool may_keep(const downstream::Connection& connection) const override;
  void on_idle_while_draining(downstream::Connection& connection) override;
  void on_connection_closed() override;

  // ipc::Channel::Owner
  void on_message(ipc::Channel& from, const ipc::Message& message, base::Fd passed) override;
  void on_channel_closed(ipc::Channel& channel) override;

  // Acceptor::Owner
  void on_accepted(Acceptor& acceptor, base::Fd socket, const net::SocketAddress& peer) override;
  void on_accept_ended(Acceptor& acceptor) override;
  void on_accept_exhausted(int error) override;

  downstream::Entrance entrance_of(std::uint32_t listener) const;
  void serve();
  void resume_accepting();
  void on_resume_timer();
  void adopt(const ipc::Message& message, base::Fd socket);
  void release(const ipc::Message& message);
  void drain(const ipc::Message& message, base::Fd next_generation);
  void drain_listeners();
  void pass_on_hand_overs();
  bool is_accepting() const;
  bool leaves_config(const std::string& key) const;
  void take_over(const std::string& key, base::Fd socket, bool is_untouched);
  void take_logs();
  void reopen_log(std::uint64_t which, base::Fd log);
  void use_error_log() const;
  void shed_idle_connections();
  void sweep_files();
  void stop_when_done();
  void stop_now();

  const Plan& plan_;
  const WorkerSetup& setup_;
  // Outlives the loop, which frees what was deferred, blocks and all, when it goes.
  base::BlockPool blocks_;
  exchange::ExchangePool exchanges_;
  downstream::H2StreamPool h2_streams_{blocks_};
  net::Loop loop_;
  net::Resolver resolver_;
  upstream::Pools pools_;
  net::PipePool pipes_;
  files::Cache files_{blocks_};
  exchange::EncodingShare encoding_;
  std::vector<base::Fd> logs_;  // Plan::logs.files
  exchange::AccessLog access_log_;
  exchange::Context context_;
  downstream::ConnectionList connections_;
  downstream::ShedList peeking_;
  downstream::ShedList hung_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::vector<Adopted> adopted_;
  net::Timer resume_timer_;
  net::Timer drain_timer_;
  net::Timer files_timer_;
  net::Task stop_task_;
  ipc::Channel master_;
  std::unique_ptr<ipc::Channel> next_generation_;  // where idle connections go while draining
  std::vector<std::unique_ptr<ipc::Channel>>
      last_generation_;  // where they come from after a reload
  std::string leaving_;  // keys of listeners that the next generation has not, a line each
  State state_ = State::Waiting;
};

}  // namespace prox::worker
