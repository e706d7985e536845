// The key material of lib/pubkey's tests, under the name that these tests use.
#pragma once

#include "../pubkey/keys.hpp"

namespace alk::authd::testing {
using namespace pubkey::testing;
} // namespace alk::authd::testing
