#include "net/tls_bio.hpp"

#include "base/result.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <openssl/bio.h>

namespace alk::net {

namespace {

BioSource& source_of(BIO* bio) {
  return *static_cast<BioSource*>(BIO_get_data(bio));
}

int take_prefix(BioSource& source, char* into, int size) {
  const auto count = std::min(source.prefix.size(), static_cast<std::size_t>(size));
  std::memcpy(into, source.prefix.data(), count);
  source.prefix.erase(0, count);
  if (source.prefix.empty()) source.prefix.shrink_to_fit();
  return static_cast<int>(count);
}

int read_stream(BIO* bio, char* into, int size) noexcept {
  auto& source = source_of(bio);
  BIO_clear_retry_flags(bio);
  if (size <= 0) return 0;
  if (!source.prefix.empty()) return take_prefix(source, into, size);
  if (std::exchange(source.drained, false)) { // OpenSSL always asks once more
    BIO_set_retry_read(bio);
    return -1;
  }
  const auto moved =
      source.stream->read(std::as_writable_bytes(std::span(into, static_cast<std::size_t>(size))));
  switch (moved.state) {
  case Transfer::State::Done: source.drained = moved.drained; return static_cast<int>(moved.count);
  case Transfer::State::Again: BIO_set_retry_read(bio); return -1;
  case Transfer::State::End: source.ended = true; return 0;
  case Transfer::State::Failed: source.failure = moved.error; return -1;
  }
  return -1;
}

int write_stream(BIO* bio, const char* from, int size) noexcept {
  auto& source = source_of(bio);
  BIO_clear_retry_flags(bio);
  if (size <= 0) return 0;
  const auto moved = source.stream->write(std::as_bytes(std::span(from, static_cast<std::size_t>(size))));
  if (moved.state == Transfer::State::Done) return static_cast<int>(moved.count);
  if (moved.state == Transfer::State::Again)
    BIO_set_retry_write(bio);
  else
    source.failure = moved.error;
  return -1;
}

long control(BIO* bio, int command, long, void*) noexcept {
  switch (command) {
  case BIO_CTRL_FLUSH: return 1;
  case BIO_CTRL_EOF: return source_of(bio).ended ? 1 : 0; // how SSL_OP_IGNORE_UNEXPECTED_EOF knows
  default: return 0;
  }
}

BIO_METHOD* make_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
  ALK_CHECK(method != nullptr);
  BIO_meth_set_read(method, read_stream);
  BIO_meth_set_write(method, write_stream);
  BIO_meth_set_ctrl(method, control);
  return method;
}

} // namespace

bio_st* make_stream_bio(BioSource& source) {
  static BIO_METHOD* const method = make_method(); // for the life of the process
  BIO* bio = BIO_new(method);
  ALK_CHECK(bio != nullptr);
  BIO_set_data(bio, &source);
  BIO_set_init(bio, 1);
  return bio;
}

} // namespace alk::net
