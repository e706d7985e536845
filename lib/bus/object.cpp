#include "bus/object.hpp"

#include "bus/connection_impl.hpp"
#include "bus/error_map.hpp"
#include "bus/polkit.hpp"
#include "bus/vtable.hpp"
#include "log/log.hpp"

namespace alk::bus {

struct Object::Impl final : Installed {
  Impl(const std::shared_ptr<Connection::Impl>& connection, const char* path, Interface interface,
       Accounts accounts)
      : Installed(connection), connection(connection), path(path), interface(std::move(interface)),
        accounts(std::move(accounts)), vtable(make_vtable(this->interface, on_method, on_get)) {}
  ~Impl() override { release(); } // before what it points to

  Result<void> install(Connection::Impl& to) override;

  std::shared_ptr<Connection::Impl> connection;
  std::string path;
  Interface interface;
  Accounts accounts;
  Vtable vtable;
  bool emitting = false;     // sd-bus reads properties for a signal of ours: nobody to check
  std::size_t questions = 0; // to polkit, without an answer yet
  std::shared_ptr<Impl*> self = std::make_shared<Impl*>(this); // answers find out whether we still live

  static void serve(Method& method, Call call);
  void serve_when_granted(Method& method, Call call, const char* action);
  Result<std::uint32_t> admit(const Message& message, std::string_view member);
  static int on_method(::sd_bus_message* raw, void* data, ::sd_bus_error* error) noexcept;
  static int on_get(::sd_bus* bus, const char* path, const char* interface, const char* property,
                    ::sd_bus_message* reply, void* data, ::sd_bus_error* error) noexcept;
};

// Only who passes the policy file gets here; a refusal says what to change where.
Result<std::uint32_t> Object::Impl::admit(const Message& message, std::string_view member) {
  ALK_TRY(auto uid, connection->sender_uid(message));
  if (allowed(interface.policy, member, uid, accounts)) return uid;
  log::write(log::Level::Info, log::event::bus_call_refused,
             {{"interface", interface.name}, {"member", member}, {"uid", std::uint64_t{uid}}});
  return fail(Kind::Denied,
              "this user may not call " + std::string(interface.name) + "." + std::string(member));
}

static int give_error(::sd_bus_error* out, const Error& error) {
  return ::sd_bus_error_set(out, std::string(error_name(error.kind)).c_str(), error_text(error).c_str());
}

void Object::Impl::serve(Method& method, Call call) {
  if (auto* defer = std::get_if<Method::Defer>(&method.handler)) return (*defer)(std::move(call));
  auto result = std::get<Method::Answer>(method.handler)(call);
  call.finish(std::move(result));
}

void Object::Impl::serve_when_granted(Method& method, Call call, const char* action) {
  if (questions >= max_polkit_questions)
    return call.finish(fail(Kind::Busy, "too many callers wait for polkit"));
  ++questions;
  auto kept = std::make_shared<Call>(std::move(call)); // a posted function must be copyable
  ask_polkit(*connection, kept->in, action,
             [weak = std::weak_ptr(self), &method, kept](Result<void> granted) {
               auto alive = weak.lock();
               if (!alive) return kept->finish(fail(Kind::Gone, "the service is stopping"));
               --(*alive)->questions;
               if (!granted) return kept->finish(std::move(granted));
               serve(method, std::move(*kept));
             });
}

int Object::Impl::on_method(::sd_bus_message* raw, void* data, ::sd_bus_error* error) noexcept {
  auto& self = *static_cast<Impl*>(data);
  Message message(::sd_bus_message_ref(raw));
  auto uid = self.admit(message, message.member());
  if (!uid) return give_error(error, uid.error());
  for (auto& method : self.interface.methods) {
    if (method.name != message.member()) continue;
    const char* action = action_to_grant(self.interface.policy, message.member(), *uid, self.accounts);
    Call call(self.connection, std::move(message), *uid);
    if (action != nullptr)
      self.serve_when_granted(method, std::move(call), action);
    else
      serve(method, std::move(call));
    return 1;
  }
  return 0;
}

int Object::Impl::on_get(::sd_bus* bus, const char*, const char*, const char* name, ::sd_bus_message* reply,
                         void* data, ::sd_bus_error* error) noexcept {
  auto& self = *static_cast<Impl*>(data);
  if (!self.emitting) {
    Message question(::sd_bus_message_ref(::sd_bus_get_current_message(bus)));
    auto uid = self.admit(question, read_properties);
    if (!uid) return give_error(error, uid.error());
  }
  Message out(::sd_bus_message_ref(reply));
  for (auto& property : self.interface.properties)
    if (std::string_view(property.name) == name) property.get(out);
  if (auto good = out.check(); !good) {
    log::error("property " + std::string(name) + ": " + good.error().describe());
    return give_error(error, good.error());
  }
  return 1;
}

Result<void> Object::Impl::install(Connection::Impl& to) {
  ::sd_bus_slot* slot = nullptr;
  int code = ::sd_bus_add_object_vtable(to.bus.get(), &slot, path.c_str(), interface.name,
                                        vtable.entries.data(), this);
  if (code < 0) return fail_errno(-code, "exporting " + std::string(interface.name));
  slot_.reset(slot);
  return {};
}

Result<std::unique_ptr<Object>> Object::make(Connection& connection, const char* path, Interface interface,
                                             Accounts accounts) {
  auto impl = std::make_unique<Impl>(connection.impl(), path, std::move(interface), std::move(accounts));
  ALK_TRY_VOID(impl->install(*impl->connection));
  return std::make_unique<Object>(std::move(impl));
}

Object::Object(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Object::~Object() = default;

Message Object::make_signal(const char* name) {
  ::sd_bus_message* raw = nullptr;
  if (::sd_bus_message_new_signal(impl_->connection->bus.get(), &raw, impl_->path.c_str(),
                                  impl_->interface.name, name) < 0)
    return {};
  return Message(raw);
}

Result<void> Object::emit(Message signal) {
  return impl_->connection->send(std::move(signal));
}

Result<void> Object::changed(std::initializer_list<const char*> properties) {
  if (!impl_->connection->open) return fail(Kind::Gone, "the connection to the bus is lost");
  std::vector<char*> names;
  for (const char* name : properties) names.push_back(const_cast<char*>(name)); // sd-bus only reads them
  names.push_back(nullptr);
  impl_->emitting = true;
  int code = ::sd_bus_emit_properties_changed_strv(impl_->connection->bus.get(), impl_->path.c_str(),
                                                   impl_->interface.name, names.data());
  impl_->emitting = false;
  if (code < 0) return fail_errno(-code, "announcing changed properties");
  impl_->connection->arm();
  return {};
}

Call::Call(std::weak_ptr<Connection::Impl> connection, Message message, std::uint32_t uid)
    : in(std::move(message)), connection_(std::move(connection)), uid_(uid) {
  ::sd_bus_message* raw = nullptr;
  if (::sd_bus_message_new_method_return(in.raw(), &raw) >= 0) out = Message(raw);
}

Call::Call(Call&& other) noexcept
    : in(std::move(other.in)), out(std::move(other.out)), connection_(std::move(other.connection_)),
      uid_(other.uid_), open_(std::exchange(other.open_, false)) {}

Call::~Call() {
  if (open_) finish(fail(Kind::Broken, "a handler dropped the call"));
}

void Call::finish(Result<void> result) {
  ALK_CHECK(open_);
  open_ = false;
  auto connection = connection_.lock();
  if (!connection) return;
  if (result) result = out.check();
  if (result) {
    // A caller that wants no reply gets none; sd-bus leaves that to us.
    if (::sd_bus_message_get_expect_reply(in.raw()) > 0) result = connection->send(std::move(out));
    if (result || result.error().kind == Kind::Gone) return;
  }
  const Error& error = result.error();
  if (error.kind == Kind::Broken) log::error(std::string(in.member()) + ": " + error.describe());
  if (::sd_bus_message_get_expect_reply(in.raw()) <= 0) return;
  ::sd_bus_error answer{};
  give_error(&answer, error);
  ::sd_bus_message* raw = nullptr;
  if (::sd_bus_message_new_method_error(in.raw(), &raw, &answer) >= 0)
    static_cast<void>(connection->send(Message(raw))); // fails only when the caller or the bus is gone
  ::sd_bus_error_free(&answer);
}

} // namespace alk::bus
