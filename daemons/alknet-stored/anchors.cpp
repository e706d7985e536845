#include "alknet-stored/anchors.hpp"

#include "alknet-stored/record.hpp"
#include "log/log.hpp"
#include "loop/asio.hpp"

namespace alk::stored {

void Anchors::start() {
  look([this] { wait(); });
}

void Anchors::signer(bool there) {
  signer_ = there;
  if (there && !ended_ && told_.sequence > 0 && !told_.is_signed()) look([] {});
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
  store_.read(Place::system(), work, [this, head, then = std::move(then)](Result<void> done) mutable {
    if (!done) {
      log::error(done.error().describe());
    } else {
      revision_ = std::max(revision_, head->revision);
      return take(head->anchor, std::move(then));
    }
    then();
  });
}

void Anchors::take(const AuditAnchor& found, std::function<void()> then) {
  pubkey::Anchor head{static_cast<std::uint64_t>(found.sequence), found.hash, 0, {}, {}};
  const bool told = told_.sequence == head.sequence && told_.hash == head.hash;
  if (head.sequence == 0 || (told && (told_.is_signed() || !signer_))) return then();
  if (!signer_) {
    tell(head);
    return then();
  }
  auto answered = [this, alive = std::weak_ptr(alive_), head,
                   then = std::move(then)](Result<pubkey::Anchor> result) {
    if (alive.expired()) return;
    if (!result) log::debug("an anchor is not signed: " + result.error().describe());
    tell(result ? *result : head);
    then();
  };
  sign_(head, ended_ ? last_signing_patience : signing_patience, std::move(answered));
}

// Answers of the signer may come late, and in another order.
void Anchors::tell(const pubkey::Anchor& head) {
  const bool same = told_.sequence == head.sequence && told_.hash == head.hash;
  if (same && (told_.is_signed() || !head.is_signed())) return;
  tell_(head);
  if (head.sequence >= told_.sequence) told_ = head;
}

} // namespace alk::stored
