#include "alknet-stored/upkeep/dump_reader.hpp"

namespace alk::stored {

Failure DumpReader::wrong(const std::string& what) const {
  return fail(Kind::Invalid, "line " + std::to_string(number_) + ": " + what);
}

Result<void> DumpReader::located(Result<void> result) const {
  if (result || result.error().kind != Kind::Invalid) return result;
  return wrong(result.error().what);
}

Result<bool> DumpReader::fetch() {
  std::size_t searched = at_;
  for (;;) {
    if (const auto end = buffer_.find('\n', searched); end != buffer_.npos) {
      ++number_;
      text_.assign(buffer_, at_, end - at_);
      at_ = end + 1;
      return true;
    }
    buffer_.erase(0, at_);
    at_ = 0;
    searched = buffer_.size();
    if (buffer_.size() > max_dump_line) {
      ++number_;
      return wrong("is too long");
    }
    ALK_TRY(const std::string more, pipe_.read());
    if (more.empty()) break;
    buffer_ += more;
  }
  if (buffer_.empty()) return false;
  ++number_;
  return wrong("is not complete: the dump was cut");
}

Result<const DumpLine*> DumpReader::peek() {
  if (line_) return &*line_;
  ALK_TRY(const bool there, fetch());
  if (!there)
    return fail(Kind::Invalid, "the dump ends after line " + std::to_string(number_) + ": it was cut");
  auto parsed = parse_dump_line(text_);
  if (!parsed && parsed.error().kind == Kind::Invalid) return wrong(parsed.error().what);
  if (!parsed) return pass(std::move(parsed).error());
  line_ = std::move(*parsed);
  return &*line_;
}

Result<DumpLine> DumpReader::next() {
  ALK_TRY_VOID(peek());
  DumpLine line = std::move(*line_);
  drop();
  return line;
}

Result<void> DumpReader::require_header() {
  ALK_TRY(const DumpLine line, next());
  const auto* header = std::get_if<DumpHeader>(&line);
  if (header == nullptr) return wrong("not the beginning of a dump");
  if (header->version != dump_version)
    return fail(Kind::Unsupported, "the dump is of version " + std::to_string(header->version) +
                                       ", this program knows " + std::to_string(dump_version));
  return {};
}

Result<void> DumpReader::require_end(std::int64_t rows) {
  ALK_TRY(const DumpLine line, next());
  const auto* end = std::get_if<DumpEnd>(&line);
  if (end == nullptr) return wrong("the end of the dump has to be here");
  if (end->rows != rows)
    return wrong("/end: says " + std::to_string(end->rows) + " rows, there were " + std::to_string(rows));
  ALK_TRY(const bool more, fetch());
  if (more) return wrong("something follows the end");
  return {};
}

} // namespace alk::stored
