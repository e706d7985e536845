// An Act whose clock stands still and whose chance can be foreseen.
#pragma once

#include "alknet-stored/act.hpp"

#include <atomic>

namespace alk::stored {

inline constexpr UnixSeconds test_time = 1'700'000'000;

inline Act test_act(UnixSeconds now = test_time) {
  return {now, "uid:0", "request-1", [](std::size_t size) {
            static std::atomic<unsigned> seed{1};
            std::string bytes(size, '\0');
            unsigned state = seed.fetch_add(1);
            for (char& byte : bytes) byte = static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
            return bytes;
          }};
}

} // namespace alk::stored
