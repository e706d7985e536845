// NFKD (Unicode Standard Annex 15), which BIP39 wants for words and passphrase, without a copy outside the
// arena.
#pragma once

#include "alknet-secretd/arena.hpp"

namespace alk::secretd {

// Invalid when the text is not UTF-8 or holds NUL.
Result<LockedBytes> normal_form_kd(Arena& arena, std::string_view text);

} // namespace alk::secretd
