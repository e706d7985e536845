#include "alknet-stored/anchors.hpp"

#include "alknet-stored/record.hpp"
#include "log/log.hpp"

namespace alk::stored {

void Anchors::start() {
  look([this] { wait(); });
}

void Anchors::changed(std::int64_t revision) {
  if (ended_ || revision - revision_ < changes_per_anchor) return;
  revision_ = revision; // others need not look for the same
  look([] {});
}

void Anchors::finish(std::function<void()> finished) {
  ended_ = true;
  timer_.cancel();
  look(std::move(finished));
}

void Anchors::wait() {
  if (ended_) return;
  timer_.expires_after(anchor_pause);
  timer_.async_wait([this](const asio::error_code& error) {
    if (!error) start(); // cancelled: this may be gone
  });
}

void Anchors::look(std::function<void()> then) {
  struct Head {
    AuditAnchor anchor;
    std::int64_t revision = 0;
  };
  auto head = std::make_shared<Head>();
  auto work = [head](Transaction& tables) -> Result<void> {
    ALK_TRY(head->anchor, audit_head(tables));
    ALK_TRY(head->revision, revision(tables));
    return {};
  };
  store_.read(Place::system(), work, [this, head, then = std::move(then)](Result<void> done) {
    if (!done) {
      log::error(done.error().describe());
    } else {
      revision_ = std::max(revision_, head->revision);
      if (head->anchor.sequence > 0 && !(head->anchor == told_)) tell_(head->anchor);
      told_ = head->anchor;
    }
    then();
  });
}

} // namespace alk::stored
