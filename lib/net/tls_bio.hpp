// OpenSSL's view of a Stream: a BIO that reads and writes it without blocking.
#pragma once

#include "net/stream.hpp"

#include <memory>
#include <string>
#include <system_error>

struct bio_st;

namespace alk::net {

struct BioSource {
  std::unique_ptr<Stream> stream;
  std::string prefix;      // read before the stream
  std::error_code failure; // the last one of the stream
  bool ended = false;      // the stream has no more input
  bool drained = false;    // its last read said so: the next one is answered without asking it
};

// `source` must outlive the BIO. Never null (bad_alloc ends the process).
bio_st* make_stream_bio(BioSource& source);

} // namespace alk::net
