#include "line_buffer.hpp"

#include <algorithm>

namespace alk::alknet {

void LineBuffer::append(std::string_view text, const std::function<void(std::string_view)>& each) {
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    std::size_t room = line_limit - partial_.size();
    std::size_t taken = std::min(std::min(end, text.size()), room);
    partial_ += text.substr(0, taken);
    text.remove_prefix(taken);
    if (!text.empty() && text.front() == '\n') {
      text.remove_prefix(1);
      emit(each);
    } else if (partial_.size() == line_limit) {
      emit(each);
    }
  }
}

void LineBuffer::finish(const std::function<void(std::string_view)>& each) {
  if (!partial_.empty()) emit(each);
}

void LineBuffer::emit(const std::function<void(std::string_view)>& each) {
  each(partial_);
  if (!partial_.empty()) last_ = partial_;
  partial_.clear();
}

} // namespace alk::alknet
