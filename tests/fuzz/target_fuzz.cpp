// Rule targets and hosts: no crash, and what parses matches without surprise.
#include "config/target.hpp"

#include <cstdlib>

using namespace alk::config;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto cut = text.find('\n');
  auto target = parse_target(text.substr(0, cut));
  auto host = cut == text.npos ? text : text.substr(cut + 1);
  auto normal = normalize_host(host);
  // The normal form of a literal is a literal, and normal already.
  if (auto address = parse_ip(normal);
      address && (address->text() != normal || normalize_host(normal) != normal))
    std::abort();
  if (!target) return 0;
  if (target->first_port > target->last_port || target->bits > target->network.size * 8) std::abort();
  auto to = make_destination(host, static_cast<std::uint16_t>(size * 251));
  if (target->matches(to) && to.reserved && target->kind == Target::Kind::Host) std::abort();
  return 0;
}
