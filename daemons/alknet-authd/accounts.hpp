// Asks whose a credential is, and makes the verdict of the answer. What it remembers is a lease
// (account_cache.hpp). Without an answer in time nobody is let in, and nobody who is in is sent away.
#pragma once

#include "alknet-authd/account_cache.hpp"

#include <deque>
#include <map>
#include <memory>

namespace alk::authd {

// For all questions of one login together. A login must not wait for storage that is down or hangs longer
// than 750 ms, the way to us and back included.
inline constexpr std::chrono::milliseconds account_deadline{700};
// How often the revision is confirmed while logins of accounts are remembered or live: every 250 ms leaves
// the lease of 500 time for the answer, and finds a revocation that nobody told us of within a second.
inline constexpr std::chrono::milliseconds confirm_interval{250};
inline constexpr std::chrono::milliseconds confirm_deadline{500};
// Uses are told to the store together; only a display depends on them.
inline constexpr std::chrono::seconds uses_interval{10};
// After a search for revoked ones that stayed without answers, until the next.
inline constexpr std::chrono::seconds search_again{2};
// How long a search begins questions. Whoever asked waits 5 s for an answer, and has to hear of those that
// were found: the others are left to the next search, which begins with them.
inline constexpr std::chrono::milliseconds search_patience{4000};
// Unanswered questions at a time. Of logins: an engine of alknet-listend asks 100 at most, and there may be
// an older one; what is more than dbus-daemon takes waits in the connection. Of searches for revoked ones:
// few, so that logins are not behind thousands of sessions.
inline constexpr std::size_t max_login_questions = 256;
inline constexpr std::size_t max_search_questions = 32;

class Accounts {
 public:
  template <class T>
  using Answer = std::function<void(Result<T>)>;
  enum class Use {
    Login,
    Question, // nobody logs in: not a use of the credential
  };
  // How questions reach the store; answers come later, from the loop. Tests answer themselves.
  struct Store {
    std::function<void(const Question&, std::chrono::milliseconds, Answer<AccountAnswer>)> authenticate;
    std::function<void(Answer<std::uint64_t>)> revision;
    std::function<void(const clients::Uses&, Answer<void>)> mark_used;
  };
  struct Clocks {
    std::function<SteadyTime()> steady;
    std::function<UnixSeconds()> wall;
  };

  Accounts(Store store, Clocks clocks);

  // Told when whoever has sessions of accounts has to ask about them again.
  void on_changed(std::function<void()> callback) { on_changed_ = std::move(callback); }
  // Told once when tick() has something to do from now on.
  void on_active(std::function<void()> callback) { on_active_ = std::move(callback); }

  // Nothing: no account knows it. `done` is not called any more once this object is gone.
  using Judged = std::function<void(std::optional<Verdict>)>;
  void judge(Inquiry inquiry, Judged done, Use use = Use::Login);

  // Those of `credentials` (parse_account_credential) that the store takes back, within search_patience and
  // account_deadline. Those that it does not answer about are left out, and asked for again later.
  void find_revoked(std::vector<std::string> credentials, UnixSeconds now,
                    std::function<void(std::vector<std::string>)> done);

  bool answering() const { return answering_; } // when it was asked last
  bool searching() const { return !searches_.empty(); }

  // Every confirm_interval once it is active.
  void tick();
  // Accounts are not asked any more: what was remembered goes, until the next login of one.
  void rest();
  // Tells what was used so far and does not wait for an answer: the end.
  void tell_uses();

  void store_changed(std::uint64_t revision);
  void store_present(bool present);

 private:
  struct Search;
  void ask(const Question& question, SteadyTime deadline, Answer<KnownPtr> answer);
  void learn(AccountCache::News news);
  struct Hearing {
    Inquiry inquiry;
    Use use;
    SteadyTime deadline;
    Judged done;
  };
  void next(std::shared_ptr<const Hearing> hearing, std::size_t index);
  void granted(const std::string& credential);
  void confirm();
  void activate();
  void continue_search();
  void advance();
  void leave_rest(Search& search);
  void ask_again(const std::shared_ptr<Search>& search, const std::string& credential);
  void heard(bool answered, const std::string& why);

  Store store_;
  Clocks clocks_;
  std::function<void()> on_changed_;
  std::function<void()> on_active_;
  AccountCache cache_;
  bool present_ = false;
  bool active_ = false;     // somebody was let in, or is asked about
  bool confirming_ = false; // on its way
  bool answering_ = true;   // what was logged last
  std::map<std::string, std::uint64_t> uses_;
  SteadyTime uses_told_;
  std::size_t open_ = 0;                         // of logins
  std::deque<std::shared_ptr<Search>> searches_; // the first one runs
  bool searching_ = false;
  std::size_t search_first_ = 0;         // where the next search begins
  std::optional<SteadyTime> search_due_; // one stayed without an answer
  std::shared_ptr<bool> alive_;
};

} // namespace alk::authd
