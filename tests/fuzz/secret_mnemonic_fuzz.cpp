// What somebody types as a mnemonic: no crash, nothing left in use, and what is accepted is in its final
// form.
#include "alknet-secretd/mnemonic.hpp"
#include "alknet-secretd/normal_form.hpp"

#include <cstdlib>

using namespace alk::secretd;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto arena = std::move(*Arena::make(arena_size));
  if (size > max_mnemonic_input) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  {
    auto normal = normal_form_kd(*arena, text);
    auto again = normal ? normal_form_kd(*arena, normal->view()) : std::move(normal);
    if (normal && normal->size() <= max_mnemonic_input && (!again || again->view() != normal->view()))
      std::abort();
  }
  {
    auto words = canonical_mnemonic(*arena, text);
    if (words) {
      auto again = canonical_mnemonic(*arena, words->view());
      if (!again || again->view() != words->view()) std::abort();
    }
  }
  if (arena->used() != 0) std::abort();
  return 0;
}
