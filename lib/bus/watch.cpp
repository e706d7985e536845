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

// sd-bus takes any unique sender for any well-known name and leaves the check to the bus daemon, which makes
// it for broadcasts but not for a signal that somebody sends to us alone. None of ours has a destination:
// drop those.
static bool is_forged(::sd_bus_message* raw) {
  return ::sd_bus_is_bus_client(::sd_bus_message_get_bus(raw)) && ::sd_bus_message_get_destination(raw);
}

static int post_signal(::sd_bus_message* raw, void* data, ::sd_bus_error*) noexcept {
  auto* watcher = static_cast<Watcher*>(data);
  auto connection = watcher->connection.lock();
  if (!connection || is_forged(raw)) return 0;
  auto message = std::make_shared<Message>(::sd_bus_message_ref(raw));
  // The slot owns the watcher: as long as sd-bus calls us, it is alive; when the post runs, it may not be.
  auto weak = watcher->weak_from_this();
  asio::post(connection->loop, [weak, message] {
    if (auto alive = weak.lock(); alive && alive->signal) alive->signal(*message);
  });
  return 0;
}

static int match_refused(::sd_bus_message* reply, void*, ::sd_bus_error*) noexcept {
  const ::sd_bus_error* error = ::sd_bus_message_get_error(reply);
  if (error)
    log::warning("the bus refused a match: " + std::string(error->message ? error->message : error->name));
  return 0;
}

static Slot make_slot(std::shared_ptr<Watcher> watcher, ::sd_bus_slot* raw) {
  auto impl = std::make_unique<Slot::Impl>();
  impl->slot.reset(raw);
  impl->data = std::move(watcher);
  return Slot(std::move(impl));
}

Slot Connection::match_signal(const Destination& from, const char* member,
                              std::function<void(Message&)> callback) {
  auto watcher = std::make_shared<Watcher>();
  watcher->connection = impl_;
  watcher->signal = std::move(callback);
  ::sd_bus_slot* slot = nullptr;
  const char* sender =
      ::sd_bus_is_bus_client(raw()) ? from.name : nullptr; // without a bus daemon nobody has a name
  int code = ::sd_bus_match_signal_async(raw(), &slot, sender, from.path, from.interface, member, post_signal,
                                         match_refused, watcher.get());
  if (code < 0) log::warning(fail_errno(-code, "matching a signal").value().describe());
  impl_->arm();
  return make_slot(std::move(watcher), slot);
}

static void tell(Watcher& watcher, bool present) {
  if (watcher.present == present) return;
  watcher.present = present;
  auto callback = watcher.presence; // may drop its own slot
  callback(present);
}

// NameOwnerChanged(name, old owner, new owner)
static void on_owner_changed(Watcher& watcher, Message& message) {
  auto name = message.read_text();
  auto before = message.read_text();
  auto after = message.read_text();
  if (name && before && after) tell(watcher, !after->empty());
}

Slot Connection::watch_name(const char* name, std::function<void(bool present)> callback) {
  auto watcher = std::make_shared<Watcher>();
  watcher->connection = impl_;
  watcher->presence = std::move(callback);
  watcher->signal = [self = watcher.get()](Message& message) { on_owner_changed(*self, message); };
  std::string rule = "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
                     "member='NameOwnerChanged',arg0='" +
                     std::string(name) + "'";
  ::sd_bus_slot* slot = nullptr;
  int code = ::sd_bus_add_match_async(raw(), &slot, rule.c_str(), post_signal, match_refused, watcher.get());
  if (code < 0) log::warning(fail_errno(-code, "watching a bus name").value().describe());
  auto question = make_call(bus_daemon, "NameHasOwner");
  question.write_text(name);
  impl_->call(std::move(question), default_timeout, [weak = std::weak_ptr(watcher)](Result<Message> reply) {
    auto alive = weak.lock();
    if (!alive || !reply) return;
    if (auto present = reply->read_bool()) tell(*alive, *present);
  });
  return make_slot(std::move(watcher), slot);
}

} // namespace alk::bus
