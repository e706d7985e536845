#include "clients/identity_wire.hpp"

namespace alk::clients {

bus::Dictionary encode(const Constraints& constraints) {
  bus::Dictionary dictionary;
  if (constraints.permit_open) dictionary.emplace("permitopen", *constraints.permit_open);
  if (constraints.permit_listen) dictionary.emplace("permitlisten", *constraints.permit_listen);
  if (constraints.no_port_forwarding) dictionary.emplace("no-port-forwarding", true);
  if (constraints.expires) dictionary.emplace("expires", *constraints.expires);
  if (!constraints.credential.empty()) dictionary.emplace("credential", constraints.credential);
  return dictionary;
}

// Copies the value if it has the type of the contract.
template <class T, class Target>
static bool take(const bus::Value& value, Target& target) {
  const T* typed = std::get_if<T>(&value);
  if (typed) target = *typed;
  return typed != nullptr;
}

static bool apply(const std::string& name, const bus::Value& value, Constraints& to) {
  if (name == "permitopen") return take<std::vector<std::string>>(value, to.permit_open);
  if (name == "permitlisten") return take<std::vector<std::string>>(value, to.permit_listen);
  if (name == "no-port-forwarding") return take<bool>(value, to.no_port_forwarding);
  if (name == "expires") return take<std::uint64_t>(value, to.expires);
  if (name == "credential") return take<std::string>(value, to.credential);
  return false;
}

Result<Constraints> decode_constraints(const bus::Dictionary& dictionary) {
  Constraints constraints;
  for (const auto& entry : dictionary)
    if (!apply(entry.first, entry.second, constraints))
      return fail(Kind::Unsupported, "the login has a constraint that is not understood: " + entry.first);
  return constraints;
}

void write_grants(bus::Message& out, const Identity& identity, const Constraints& constraints) {
  out.write_texts(identity.scopes)
      .write_string_lists(identity.resources)
      .write_dictionary(encode(constraints));
}

Result<void> read_grants(bus::Message& in, Identity& identity, Constraints& constraints) {
  ALK_TRY(identity.scopes, in.read_texts());
  ALK_TRY(identity.resources, in.read_string_lists());
  ALK_TRY(auto dictionary, in.read_dictionary());
  ALK_TRY(constraints, decode_constraints(dictionary));
  return {};
}

} // namespace alk::clients
