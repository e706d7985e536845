#include "alknet-secretd/normal_form.hpp"

#include "base/text.hpp"

#include <utf8proc.h>

namespace alk::secretd {

// U+FDFA decomposes into 18 code points, more than any other.
static constexpr std::size_t max_expansion = 18;

Result<LockedBytes> normal_form_kd(Arena& arena, std::string_view text) {
  if (!is_utf8(text)) return fail(Kind::Invalid, "the text is not UTF-8");
  constexpr auto options = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto length = static_cast<utf8proc_ssize_t>(text.size());
  const auto room = static_cast<utf8proc_ssize_t>(text.size() * max_expansion + 1);
  ALK_TRY(LockedBytes points, arena.take(static_cast<std::size_t>(room) * sizeof(utf8proc_int32_t)));
  auto* decomposed = reinterpret_cast<utf8proc_int32_t*>(points.raw());
  const auto count = ::utf8proc_decompose(bytes, length, decomposed, room, options);
  if (count < 0 || count > room) return fail(Kind::Invalid, "the text cannot be normalised");
  ALK_TRY(LockedBytes out, arena.take(static_cast<std::size_t>(count) * 4));
  std::size_t used = 0;
  for (utf8proc_ssize_t i = 0; i < count; ++i)
    used += static_cast<std::size_t>(::utf8proc_encode_char(decomposed[i], out.raw() + used));
  out.truncate(used);
  return out;
}

} // namespace alk::secretd
