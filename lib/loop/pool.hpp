// One event loop and thread per core. Work is given to a loop once and stays there: nothing but posted
// messages crosses.
#pragma once

#include "loop/asio.hpp"

#include <memory>
#include <thread>
#include <vector>

namespace alk::loop {

class Pool {
 public:
  explicit Pool(unsigned size); // threads start at once
  ~Pool();                      // stop() and join
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  std::size_t size() const { return members_.size(); }
  asio::io_context& at(std::size_t index) { return members_[index]->context; }

  // Ends every loop as soon as its current handler returns, and joins the threads.
  void stop();

 private:
  struct Member {
    asio::io_context context{1};
    std::thread thread;
  };
  std::vector<std::unique_ptr<Member>> members_;
};

} // namespace alk::loop
