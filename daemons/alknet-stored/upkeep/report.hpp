// What a caller of long work reads from its pipe: lines that begin with '#' and hold a JSON object, with the
// work's own bytes between them (contracts/org.alknet.Store1.xml says which).
#pragma once

#include "alknet-stored/json.hpp"
#include "alknet-stored/sql/progress.hpp"
#include "alknet-stored/upkeep/pipe.hpp"

#include <mutex>

namespace alk::stored {

// Between two lines that only say how far the work is.
inline constexpr std::chrono::milliseconds progress_pause{250};

class Report final : public Progress {
 public:
  explicit Report(Pipe pipe) : pipe_(std::move(pipe)) {}

  // Whose progress is told from now on: the name of a database. Errors of all as of Pipe::write().
  Result<void> begin(std::string name);
  Result<void> tell(std::uint64_t done, std::uint64_t total) override;
  Result<void> line(const JsonObject& object) { return pipe_.write("#" + object.text() + "\n"); }
  Result<void> bytes(std::string_view bytes) { return pipe_.write(bytes); }

  void breakable(std::function<void()> break_off) override;
  void break_off(); // from any thread

 private:
  Pipe pipe_;
  std::string name_;
  std::chrono::steady_clock::time_point told_;
  std::mutex mutex_;
  std::function<void()> break_off_; // under the mutex
};

} // namespace alk::stored
