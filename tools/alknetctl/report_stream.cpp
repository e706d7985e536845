#include "report_stream.hpp"

#include "bus/error_map.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <unistd.h>

namespace alk::alknetctl {

namespace {

Failure not_understood() {
  return fail(Kind::Broken, "alknet-stored said what is not understood: is it of another release?");
}

std::string report_text(const Json& line, const char* name) {
  auto found = line.find(name);
  return found != line.end() && found->is_string() ? found->get<std::string>() : "";
}

} // namespace

Result<void> ReportStream::judge(const Json& line, const Sink& sink) {
  if (result_) return not_understood();
  if (auto done = line.find("done"); done != line.end() && done->is_object()) {
    result_ = Json(*done);
    return {};
  }
  if (auto failed = line.find("failed"); failed != line.end() && failed->is_object()) {
    result_ = tl::unexpected<Error>(
        bus::error_from_bus(report_text(*failed, "name"), report_text(*failed, "text")));
    return {};
  }
  if (auto bytes = line.find("bytes"); bytes != line.end() && line.contains("file")) {
    if (!bytes->is_number_unsigned()) return not_understood();
    raw_ = bytes->get<std::uint64_t>();
  }
  return sink.line(line);
}

Result<void> ReportStream::take_line(std::string_view piece, const Sink& sink) {
  if (line_.size() + piece.size() > max_report_line) return not_understood();
  line_ += piece;
  if (!line_.ends_with('\n')) return {};
  const Json line = Json::parse(line_.begin() + 1, line_.end(), nullptr, false);
  line_.clear();
  if (!line.is_object()) return not_understood();
  return judge(line, sink);
}

Result<void> ReportStream::take(std::string_view chunk, const Sink& sink) {
  while (!chunk.empty()) {
    const bool raw = raw_ > 0;
    std::size_t size = raw ? std::min<std::uint64_t>(raw_, chunk.size()) : chunk.find('\n');
    const bool ends = !raw && size != chunk.npos;
    size = ends ? size + 1 : std::min(size, chunk.size());
    const std::string_view piece = chunk.substr(0, size);
    chunk.remove_prefix(size);
    if (!raw && at_begin_) in_line_ = piece[0] == '#';
    if (raw)
      raw_ -= size;
    else
      at_begin_ = ends;
    if (!raw && in_line_) {
      ALK_TRY_VOID(take_line(piece, sink));
    } else {
      if (result_) return not_understood();
      ALK_TRY_VOID(sink.bytes(piece));
    }
  }
  return {};
}

Result<Json> ReportStream::read(const Sink& sink) {
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    const ssize_t count = ::read(pipe_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, "reading from alknet-stored");
    if (count == 0) break;
    ALK_TRY_VOID(take({buffer.data(), static_cast<std::size_t>(count)}, sink));
  }
  if (!result_ || raw_ > 0 || !at_begin_) return fail(Kind::Gone, "alknet-stored ended in the middle");
  return std::move(*result_);
}

} // namespace alk::alknetctl
