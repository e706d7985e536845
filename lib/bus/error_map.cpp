#include "bus/error_map.hpp"

#include "base/text.hpp"
#include "bus/message.hpp"

#include <array>

namespace alk::bus {

static constexpr std::array<ErrorName, 9> ours{{
    {Kind::Invalid, "org.alknet.Error.Invalid"},
    {Kind::Denied, "org.alknet.Error.Denied"},
    {Kind::NotFound, "org.alknet.Error.NotFound"},
    {Kind::Conflict, "org.alknet.Error.Conflict"},
    {Kind::Busy, "org.alknet.Error.Busy"},
    {Kind::Locked, "org.alknet.Error.Locked"},
    {Kind::Gone, "org.alknet.Error.Gone"},
    {Kind::Unsupported, "org.alknet.Error.Unsupported"},
    {Kind::Broken, "org.alknet.Error.Internal"},
}};

// Names that the bus daemon, sd-bus and other services use.
static constexpr std::array<ErrorName, 26> foreign{{
    {Kind::Gone, "org.freedesktop.DBus.Error.ServiceUnknown"},
    {Kind::Gone, "org.freedesktop.DBus.Error.NameHasNoOwner"},
    {Kind::Gone, "org.freedesktop.DBus.Error.NoReply"},
    {Kind::Gone, "org.freedesktop.DBus.Error.Disconnected"},
    {Kind::Gone, "org.freedesktop.DBus.Error.TimedOut"},
    {Kind::Gone, "org.freedesktop.DBus.Error.Timeout"},
    {Kind::Gone, "org.freedesktop.DBus.Error.NoServer"},
    {Kind::Gone, "org.freedesktop.DBus.Error.Spawn.ChildExited"},
    {Kind::Gone, "org.freedesktop.DBus.Error.Spawn.ExecFailed"},
    {Kind::Gone, "org.freedesktop.DBus.Error.Spawn.Failed"},
    {Kind::Gone, "org.freedesktop.DBus.Error.Spawn.ServiceNotFound"},
    {Kind::Gone, "org.freedesktop.systemd1.NoSuchUnit"},
    {Kind::Gone, "System.Error.ENOTCONN"},
    {Kind::Gone, "System.Error.EPIPE"},
    {Kind::Denied, "org.freedesktop.DBus.Error.AccessDenied"},
    {Kind::Denied, "org.freedesktop.DBus.Error.AuthFailed"},
    {Kind::Denied, "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"},
    {Kind::Unsupported, "org.freedesktop.DBus.Error.UnknownMethod"},
    {Kind::Unsupported, "org.freedesktop.DBus.Error.UnknownInterface"},
    {Kind::Unsupported, "org.freedesktop.DBus.Error.UnknownObject"},
    {Kind::Unsupported, "org.freedesktop.DBus.Error.UnknownProperty"},
    {Kind::Unsupported, "org.freedesktop.DBus.Error.NotSupported"},
    {Kind::Invalid, "org.freedesktop.DBus.Error.InvalidArgs"},
    {Kind::Invalid, "org.freedesktop.DBus.Error.InvalidSignature"},
    {Kind::Invalid, "org.freedesktop.DBus.Error.PropertyReadOnly"},
    {Kind::Busy, "org.freedesktop.DBus.Error.LimitsExceeded"},
}};

std::span<const ErrorName> error_names() {
  return ours;
}

std::string_view error_name(Kind kind) {
  for (const auto& entry : ours)
    if (entry.kind == kind) return entry.name;
  return "org.alknet.Error.Internal";
}

std::string error_text(const Error& error) {
  if (error.kind == Kind::Broken) return "internal error; the service's log has more";
  if (!is_utf8(error.what) || error.what.size() > max_text) return escape_token(error.what, max_text / 8);
  return error.what;
}

Error error_from_bus(std::string_view name, std::string_view text) {
  for (const auto& entry : ours)
    if (entry.name == name) return Error{entry.kind, std::string(text), Where::here(), {}};
  for (const auto& entry : foreign)
    if (entry.name == name) return Error{entry.kind, std::string(text), Where::here(), {}};
  return Error{Kind::Broken, std::string(name) + ": " + std::string(text), Where::here(), {}};
}

} // namespace alk::bus
