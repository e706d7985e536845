// The events and queues of org.alknet.Store1 as alknetctl sees them: one call at a time, and descriptors that
// carry lines. `organization`: an id, or empty for the system's.
#pragma once

#include "base/fd.hpp"
#include "clients/store_client.hpp"

namespace alk::clients {

struct Subscribed {
  Fd events;                  // one JSON object a line
  std::uint64_t position = 0; // that it begins behind
};

class EventClient {
 public:
  explicit EventClient(bus::BlockingConnection& connection) : connection_(connection) {}

  // `facts` as the contract has them.
  Result<Subscribed> subscribe(const std::string& organization, const std::vector<std::string>& streams,
                               const Entry& facts);
  Result<Entries> list_streams(const std::string& organization);

  Result<Entry> create_consumer(const std::string& organization, const std::string& consumer,
                                const std::vector<std::string>& streams, const Entry& facts);
  Result<Entries> list_consumers(const std::string& organization);
  Result<void> delete_consumer(const std::string& organization, const std::string& consumer);
  Result<std::uint64_t> acknowledge(const std::string& organization, const std::string& consumer,
                                    std::uint64_t position); // how far it has come

  // `facts` as the contract has them; all that they say, in as many calls as it takes.
  Result<std::uint64_t> prune_events(const std::string& organization, const Entry& facts);

  Result<Entries> list_queues(const std::string& organization); // all, in as many calls as it takes
  Result<Entries> list_dead_jobs(const std::string& organization, const std::string& queue,
                                 std::uint64_t after, std::uint32_t limit);
  Result<void> requeue_dead_job(const std::string& organization, std::uint64_t job);

 private:
  using Fill = std::function<void(bus::Message&)>;
  Result<bus::Message> ask(const char* member, const Fill& fill);

  bus::BlockingConnection& connection_;
};

} // namespace alk::clients
