// Whoever reads lines from a descriptor of ours, each at its own pace. Nothing waits in memory but the piece
// that is being written: when the reader has taken it, the next one is read from the database. A reader that
// stops costs a pipe and a piece, and nobody else anything.
#pragma once

#include "alknet-stored/events/line_source.hpp"
#include "alknet-stored/store.hpp"
#include "base/fd.hpp"

#include <chrono>

namespace alk::stored {

// Each costs a piece, a pipe, and a read per commit: room for the services of a machine and some people.
inline constexpr std::size_t max_subscribers = 64;
inline constexpr std::size_t max_subscribers_of_one = 32; // of one user id
// Between two looks of a reader that is up to date, for every eight readers: many commits are told together,
// and readers of events leave the storage to others.
inline constexpr std::chrono::milliseconds look_pause{10};
// Before a read that the storage had no time for is tried again.
inline constexpr std::chrono::seconds busy_pause{1};

enum class AtEnd { Follow, Close };

class Subscribers {
 public:
  Subscribers(asio::io_context& loop, Store& store);
  ~Subscribers();
  Subscribers(const Subscribers&) = delete;
  Subscribers& operator=(const Subscribers&) = delete;

  // Busy: there are too many already.
  Result<void> admit(std::uint32_t uid) const;
  // What the reader is given. It is closed when the storage cannot be read any more, at a stop, and with
  // AtEnd::Close after the end line. Busy, and what pipe2(2) fails with.
  Result<Fd> add(std::uint32_t uid, Place place, std::unique_ptr<LineSource> source, AtEnd at_end);

  void wake(const std::optional<Place>& place); // something may have come there; nothing: anywhere
  void close_all();                             // and admit nobody any more
  std::size_t size() const { return all_.size(); }

 private:
  struct Subscriber;
  using Id = std::uint64_t;

  void watch_for_leaving(Id id);
  void look(Id id);
  void look_in(Id id, std::chrono::milliseconds pause);
  std::chrono::milliseconds pause() const { return look_pause * (1 + all_.size() / 8); }
  void take(Id id, Result<void> done, LineSource::Piece& piece);
  void flush(Id id);
  void go_on(Id id);
  Subscriber* find(Id id);

  asio::io_context& loop_;
  Store& store_;
  bool closed_ = false;
  Id last_ = 0;
  std::map<Id, std::unique_ptr<Subscriber>> all_;
  std::shared_ptr<Subscribers*> self_ =
      std::make_shared<Subscribers*>(this); // what is under way holds it weakly
};

} // namespace alk::stored
