// One connection of the web side, from its first request to its end: timing, keep-alive, bodies, and the ways
// of closing of nginx 1.22.
#pragma once

#include "base/tally.hpp"
#include "loop/task.hpp"
#include "net/stream.hpp"
#include "web_site.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace alk::listend {

struct WebVisit {
  std::string read; // taken from the stream already, at most small_header_buffer bytes
  std::chrono::steady_clock::time_point deadline; // for the first complete request head: accepting + 60 s
  bool plain_http = false; // no TLS on a TLS port: everything well-formed gets nginx's 400 page
  LocalEnd here;
  Tally* requests = nullptr; // counts what is answered
};

// Serves until either side ends; the stream is closed afterwards. Ends at once when its task is cancelled.
Task<> serve_web(std::unique_ptr<net::Stream> stream, std::shared_ptr<const WebSite> site, WebVisit visit);

} // namespace alk::listend
