#include "alknet-authd/accounts.hpp"

#include "log/log.hpp"

#include <algorithm>

namespace alk::authd {

struct Accounts::Search {
  std::vector<std::string> credentials;
  UnixSeconds now;
  std::function<void(std::vector<std::string>)> done;
  SteadyTime until;
  std::optional<std::size_t> first; // the one that was asked about first
  std::size_t begun = 0;
  std::size_t open = 0;
  std::vector<std::string> revoked;
};

Accounts::Accounts(Store store, Clocks clocks)
    : store_(std::move(store)), clocks_(std::move(clocks)), uses_told_(clocks_.steady()),
      alive_(std::make_shared<bool>(true)) {}

// Once when it stops answering and once when it answers again.
void Accounts::heard(bool answered, const std::string& why) {
  if (std::exchange(answering_, answered) == answered) return;
  if (answered)
    log::info("accounts can be asked again");
  else
    log::warning("accounts cannot be asked, their logins are refused: " + why);
}

void Accounts::activate() {
  if (std::exchange(active_, true)) return;
  if (on_active_) on_active_();
}

// Before anybody of an account was let in, nobody has to know.
void Accounts::learn(AccountCache::News news) {
  if (news == AccountCache::News::Changed && active_ && on_changed_) on_changed_();
}

void Accounts::ask(const Question& question, SteadyTime deadline, Answer<KnownPtr> answer) {
  const SteadyTime now = clocks_.steady();
  if (KnownPtr known = cache_.find(question, now)) return answer(std::move(known));
  const auto left = std::chrono::floor<std::chrono::milliseconds>(deadline - now);
  if (left.count() <= 0) return answer(fail(Kind::Gone, "no answer of org.alknet.Store1 in time"));
  auto take = [this, weak = std::weak_ptr<bool>(alive_), question, deadline, answer = std::move(answer),
               asked = cache_.asking(now)](Result<AccountAnswer> told) {
    if (weak.expired()) return;
    heard(told.has_value(), told ? "" : told.error().describe());
    if (!told) return answer(pass(std::move(told).error()));
    const auto news = cache_.heard(asked, told->revision);
    if (news == AccountCache::News::Outdated) return ask(question, deadline, answer);
    KnownPtr known = read_answer(std::move(*told));
    cache_.keep(question, known, asked);
    learn(news);
    answer(std::move(known));
  };
  store_.authenticate(question, left, std::move(take));
}

void Accounts::judge(Inquiry inquiry, Judged done, Use use) {
  const SteadyTime deadline = clocks_.steady() + account_deadline;
  next(std::make_shared<const Hearing>(Hearing{std::move(inquiry), use, deadline, std::move(done)}), 0);
}

void Accounts::next(std::shared_ptr<const Hearing> hearing, std::size_t index) {
  const auto& questions = hearing->inquiry.questions;
  if (index == questions.size()) return hearing->done(std::nullopt);
  if (open_ >= max_login_questions) return hearing->done(Verdict(Refusal::AccountsUnavailable));
  ++open_;
  ask(questions[index], hearing->deadline, [this, hearing, index](Result<KnownPtr> told) {
    --open_;
    if (!told) return hearing->done(Verdict(Refusal::AccountsUnavailable));
    const Known& known = **told;
    if (!known.answer.accepted) {
      Refusal refusal = refusal_of(known.answer);
      if (refusal == Refusal::UnknownKey) return next(hearing, index + 1);
      return hearing->done(Verdict(refusal));
    }
    Verdict verdict = hearing->inquiry.judge(known, hearing->inquiry.questions[index]);
    if (hearing->use == Use::Login && std::holds_alternative<Grant>(verdict))
      granted(known.answer.credential);
    hearing->done(std::move(verdict));
  });
}

void Accounts::granted(const std::string& credential) {
  activate();
  if (uses_.size() >= clients::max_uses && !uses_.contains(credential)) return; // the store takes no more
  uses_[credential] = static_cast<std::uint64_t>(std::max<UnixSeconds>(clocks_.wall(), 0));
}

// What the store does not take is told again with the next ones.
void Accounts::tell_uses() {
  uses_told_ = clocks_.steady();
  if (uses_.empty()) return;
  clients::Uses told(uses_.begin(), uses_.end());
  uses_.clear();
  store_.mark_used(told, [this, weak = std::weak_ptr<bool>(alive_), told](Result<void> done) {
    if (done || weak.expired()) return;
    log::debug("uses of credentials could not be noted: " + done.error().describe());
    for (const auto& [credential, when] : told)
      if (uses_.size() < clients::max_uses) uses_.emplace(credential, when); // a later use stays
  });
}

void Accounts::tick() {
  if (!present_) return;
  confirm();
  const SteadyTime now = clocks_.steady();
  if (now - uses_told_ >= uses_interval) tell_uses();
  if (!search_due_ || now < *search_due_) return;
  search_due_.reset();
  if (on_changed_) on_changed_();
}

void Accounts::confirm() {
  if (std::exchange(confirming_, true)) return;
  store_.revision([this, weak = std::weak_ptr<bool>(alive_),
                   asked = cache_.asking(clocks_.steady())](Result<std::uint64_t> revision) {
    if (weak.expired()) return;
    confirming_ = false;
    if (revision)
      learn(cache_.heard(asked, *revision)); // Outdated: the next one will be later
    else
      cache_.drop();
  });
}

void Accounts::rest() {
  tell_uses();
  active_ = false;
  cache_.forget();
  search_due_.reset();
}

void Accounts::store_changed(std::uint64_t revision) {
  if (cache_.told(revision)) learn(AccountCache::News::Changed);
}

// What was revoked while nobody could be asked has to be found out as soon as somebody can.
void Accounts::store_present(bool present) {
  present_ = present;
  if (!present) return cache_.forget();
  learn(AccountCache::News::Changed);
}

void Accounts::find_revoked(std::vector<std::string> credentials, UnixSeconds now,
                            std::function<void(std::vector<std::string>)> done) {
  if (!credentials.empty()) activate(); // sessions that an earlier process let in
  auto search = std::make_shared<Search>();
  search->credentials = std::move(credentials);
  search->now = now;
  search->done = std::move(done);
  search->until = clocks_.steady() + search_patience;
  searches_.push_back(std::move(search));
  if (searches_.size() == 1) continue_search();
}

void Accounts::continue_search() {
  if (std::exchange(searching_, true)) return; // answered at once: the loop below goes on
  advance();
  searching_ = false;
}

void Accounts::advance() {
  while (!searches_.empty()) {
    auto search = searches_.front();
    const std::size_t all = search->credentials.size();
    if (!search->first) search->first = search_first_;
    if (search->begun < all && clocks_.steady() >= search->until) leave_rest(*search);
    while (search->begun < all && search->open < max_search_questions)
      ask_again(search, search->credentials[(*search->first + search->begun++) % all]);
    if (search->open > 0) return; // its answers go on
    searches_.pop_front();
    search->done(std::move(search->revoked));
  }
}

void Accounts::leave_rest(Search& search) {
  search_first_ = *search.first + search.begun;
  search.begun = search.credentials.size();
  search_due_ = clocks_.steady() + search_again;
}

void Accounts::ask_again(const std::shared_ptr<Search>& search, const std::string& credential) {
  auto login = parse_account_credential(credential);
  if (!login) return;
  ++search->open;
  ask(login->question, clocks_.steady() + account_deadline,
      [this, search, login = *login, credential](Result<KnownPtr> told) {
        --search->open;
        if (!told)
          search_due_ = clocks_.steady() + search_again;
        else if (!still_admitted(login, **told, search->now))
          search->revoked.push_back(credential);
        continue_search();
      });
}

} // namespace alk::authd
