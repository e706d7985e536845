// Signals of others: matches and the presence of names. Callbacks are posted, all through one queue, so that
// an answer and a signal reach their receiver in the order in which the bus sent them.
#include "bus/connection_impl.hpp"
#include "log/log.hpp"

namespace alk::bus {

static constexpr Destination bus_daemon{"org.freedesktop.DBus", "/org/freedesktop/DBus",
                                        "org.freedesktop.DBus"};

Slot::Slot() = default;
Slot::Slot(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Slot::Slot(Slot&&) noexcept = default;
Slot& Slot::operator=(Slot&&) noexcept = default;
Slot::~Slot() = default;

Installed::Installed(std::weak_ptr<Connection::Impl> connection) : connection_(std::move(connection)) {
  if (auto alive = connection_.lock()) alive->installed.push_back(this);
}

Installed::~Installed() {
  if (auto alive = connection_.lock()) alive->installed.remove(this);
}

namespace {

// sd-bus takes any unique sender for any well-known name and leaves the check to the bus daemon, which makes
// it for broadcasts but not for a signal that somebody sends to us alone. None of ours has a destination:
// drop those.
bool is_forged(::sd_bus_message* raw) {
  return ::sd_bus_is_bus_client(::sd_bus_message_get_bus(raw)) && ::sd_bus_message_get_destination(raw);
}

int match_answered(::sd_bus_message* reply, void*, ::sd_bus_error*) noexcept {
  const ::sd_bus_error* error = ::sd_bus_message_get_error(reply);
  if (error)
    log::warning("the bus refused a match: " + std::string(error->message ? error->message : error->name));
  return 0;
}

// The receiver of a match or a watch. It dies with its slot; callbacks that are posted already look first.
struct Receiver {
  std::weak_ptr<Connection::Impl> connection;
  std::function<void(Message&)> signal;
  std::function<void(bool)> presence;
  std::optional<bool> present; // what `presence` was told last

  void tell(bool now) {
    if (std::exchange(present, now) == now) return;
    auto callback = presence; // may drop its own slot
    callback(now);
  }

  // NameOwnerChanged(name, old owner, new owner)
  void on_owner_changed(Message& message) {
    auto name = message.read_text();
    auto before = message.read_text();
    auto after = message.read_text();
    if (name && before && after) tell(!after->empty());
  }
};

// What sd-bus calls, on the way to a receiver.
struct Match : Slot::Impl {
  Match(const std::shared_ptr<Connection::Impl>& connection, std::shared_ptr<Receiver> receiver)
      : Impl(connection), receiver(std::move(receiver)) {}
  ~Match() override { release(); } // before the receiver goes

  static int on_signal(::sd_bus_message* raw, void* data, ::sd_bus_error*) noexcept {
    auto& self = *static_cast<Match*>(data);
    auto connection = self.connection_.lock();
    if (!connection || is_forged(raw)) return 0;
    auto message = std::make_shared<Message>(::sd_bus_message_ref(raw));
    asio::post(connection->loop, [weak = std::weak_ptr(self.receiver), message] {
      if (auto alive = weak.lock()) alive->signal(*message);
    });
    return 0;
  }

  Result<void> keep(int code, ::sd_bus_slot* slot, Connection::Impl& connection) {
    if (code < 0) return fail_errno(-code, "matching a signal");
    slot_.reset(slot);
    connection.arm();
    return {};
  }

  std::shared_ptr<Receiver> receiver;
};

struct SignalMatch final : Match {
  using Match::Match;
  std::string sender, path, interface, member;

  Result<void> install(Connection::Impl& connection) override {
    auto* bus = connection.bus.get();
    bool named = ::sd_bus_is_bus_client(bus) && !sender.empty(); // without a bus daemon nobody has a name
    ::sd_bus_slot* slot = nullptr;
    int code =
        ::sd_bus_match_signal_async(bus, &slot, named ? sender.c_str() : nullptr, path.c_str(),
                                    interface.c_str(), member.c_str(), on_signal, match_answered, this);
    return keep(code, slot, connection);
  }
};

struct NameWatch final : Match {
  using Match::Match;
  std::string name;

  Result<void> install(Connection::Impl& connection) override {
    std::string rule = "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
                       "member='NameOwnerChanged',arg0='" +
                       name + "'";
    ::sd_bus_slot* slot = nullptr;
    int code =
        ::sd_bus_add_match_async(connection.bus.get(), &slot, rule.c_str(), on_signal, match_answered, this);
    ALK_TRY_VOID(keep(code, slot, connection));
    auto question = make_call(connection.bus.get(), bus_daemon, "NameHasOwner");
    question.write_text(name);
    connection.call(std::move(question), default_timeout,
                    [weak = std::weak_ptr(receiver)](Result<Message> reply) {
                      auto alive = weak.lock();
                      if (!alive) return;
                      // No answer means no bus, and whoever has no bus has no peers.
                      alive->tell(reply ? reply->read_bool().value_or(false) : false);
                    });
    return {};
  }

  void release_lost() override {
    release();
    if (auto connection = connection_.lock())
      asio::post(connection->loop, [weak = std::weak_ptr(receiver)] {
        if (auto alive = weak.lock()) alive->tell(false);
      });
  }
};

} // namespace

// A match that cannot be installed now (the connection is lost) is installed when the connection is back.
static Slot start(std::unique_ptr<Match> match, Connection::Impl& connection) {
  if (connection.open)
    if (auto installed = match->install(connection); !installed) log::warning(installed.error().describe());
  return Slot(std::move(match));
}

Slot Connection::match_signal(const Destination& from, const char* member,
                              std::function<void(Message&)> callback) {
  auto receiver = std::make_shared<Receiver>();
  receiver->signal = [callback = std::move(callback)](Message& message) {
    auto own = callback; // may drop its own slot
    own(message);
  };
  auto match = std::make_unique<SignalMatch>(impl_, std::move(receiver));
  match->sender = from.name ? from.name : "";
  match->path = from.path;
  match->interface = from.interface;
  match->member = member;
  return start(std::move(match), *impl_);
}

Slot Connection::watch_name(const char* name, std::function<void(bool present)> callback) {
  auto receiver = std::make_shared<Receiver>();
  receiver->presence = std::move(callback);
  receiver->signal = [self = receiver.get()](Message& message) { self->on_owner_changed(message); };
  auto watch = std::make_unique<NameWatch>(impl_, std::move(receiver));
  watch->name = name;
  return start(std::move(watch), *impl_);
}

} // namespace alk::bus
