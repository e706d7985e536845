#include "alknet-stored/events/channel.hpp"

#include "alknet-stored/graph/metagraph.hpp"

#include <algorithm>

namespace alk::stored {

Result<std::unique_ptr<LineSource>> Channel::open(Transaction& tables, const std::string& channel) {
  ALK_TRY_VOID(check_name("channel", channel, max_channel_bytes));
  ALK_TRY(const std::int64_t newest, newest_notification(tables));
  return std::unique_ptr<LineSource>(new Channel(std::make_shared<const std::string>(channel), newest));
}

Result<LineSource::Piece> Channel::read(Transaction& tables) const {
  ALK_TRY(auto found, notifications_since(tables, *name_, id_, max_piece_notifications));
  Piece piece;
  piece.more = found.size() == max_piece_notifications;
  std::int64_t last = id_;
  for (auto& one : found) {
    // JSON has line ends between its tokens alone, where a blank is as good.
    std::replace(one.payload.begin(), one.payload.end(), '\n', ' ');
    std::replace(one.payload.begin(), one.payload.end(), '\r', ' ');
    piece.lines += R"({"id":)" + std::to_string(one.id) + R"(,"payload":)" + one.payload + "}\n";
    last = one.id;
  }
  piece.rest.reset(new Channel(name_, last));
  return piece;
}

} // namespace alk::stored
