#include "bus/vtable.hpp"

namespace alk::bus {

static std::string signature_of(const std::vector<Argument>& arguments) {
  std::string signature;
  for (const auto& argument : arguments) signature += argument.type;
  return signature;
}

// sd-bus wants names one after the other, each with its NUL, and one more NUL at the end.
static void append_names(std::string& names, const std::vector<Argument>& arguments) {
  for (const auto& argument : arguments) names.append(argument.name).push_back('\0');
}

static ::sd_bus_vtable entry_of(int type, std::uint64_t flags) {
  ::sd_bus_vtable entry{};
  entry.type = static_cast<std::uint8_t>(type);
  entry.flags = flags & 0x00ff'ffff'ffff'ffff;
  return entry;
}

static std::uint64_t flags_of(Emits emits) {
  switch (emits) {
  case Emits::Change: return SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE;
  case Emits::Constant: return SD_BUS_VTABLE_PROPERTY_CONST;
  case Emits::Never: return 0;
  }
  return 0;
}

Vtable make_vtable(const Interface& interface, ::sd_bus_message_handler_t handler,
                   ::sd_bus_property_get_t get) {
  Vtable table;
  auto keep = [&table](std::string text) { return table.texts.emplace_back(std::move(text)).c_str(); };
  auto start = entry_of(_SD_BUS_VTABLE_START, 0);
  start.x.start = {sizeof(::sd_bus_vtable), _SD_BUS_VTABLE_PARAM_NAMES, &::sd_bus_object_vtable_format};
  table.entries.push_back(start);
  for (const auto& method : interface.methods) {
    auto entry = entry_of(_SD_BUS_VTABLE_METHOD, SD_BUS_VTABLE_UNPRIVILEGED);
    std::string names;
    append_names(names, method.in);
    append_names(names, method.out);
    entry.x.method = {method.name, keep(signature_of(method.in)), keep(signature_of(method.out)), handler,
                      0,           keep(std::move(names))};
    table.entries.push_back(entry);
  }
  for (const auto& property : interface.properties) {
    auto entry = entry_of(_SD_BUS_VTABLE_PROPERTY, flags_of(property.emits));
    entry.x.property = {property.name, property.type, get, nullptr, 0};
    table.entries.push_back(entry);
  }
  for (const auto& signal : interface.signals) {
    auto entry = entry_of(_SD_BUS_VTABLE_SIGNAL, 0);
    std::string names;
    append_names(names, signal.arguments);
    entry.x.signal = {signal.name, keep(signature_of(signal.arguments)), keep(std::move(names))};
    table.entries.push_back(entry);
  }
  table.entries.push_back(entry_of(_SD_BUS_VTABLE_END, 0));
  return table;
}

static void append_arguments(std::string& xml, const std::vector<Argument>& arguments,
                             std::string_view direction) {
  for (const auto& argument : arguments) {
    xml += "      <arg name=\"" + std::string(argument.name) + "\" type=\"" + argument.type + "\"";
    if (!direction.empty()) xml += " direction=\"" + std::string(direction) + "\"";
    xml += "/>\n";
  }
}

static void append_property(std::string& xml, const Property& property) {
  xml += "    <property name=\"" + std::string(property.name) + "\" type=\"" + property.type +
         "\" access=\"read\"";
  if (property.emits == Emits::Change) {
    xml += "/>\n";
    return;
  }
  xml += ">\n      <annotation name=\"org.freedesktop.DBus.Property.EmitsChangedSignal\" value=\"";
  xml += property.emits == Emits::Constant ? "const" : "false";
  xml += "\"/>\n    </property>\n";
}

std::string introspection_xml(const Interface& interface) {
  std::string xml = "<node>\n  <interface name=\"" + std::string(interface.name) + "\">\n";
  for (const auto& method : interface.methods) {
    xml += "    <method name=\"" + std::string(method.name) + "\">\n";
    append_arguments(xml, method.in, "in");
    append_arguments(xml, method.out, "out");
    xml += "    </method>\n";
  }
  for (const auto& property : interface.properties) append_property(xml, property);
  for (const auto& signal : interface.signals) {
    xml += "    <signal name=\"" + std::string(signal.name) + "\">\n";
    append_arguments(xml, signal.arguments, {});
    xml += "    </signal>\n";
  }
  return xml + "  </interface>\n</node>\n";
}

} // namespace alk::bus
