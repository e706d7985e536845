// Regular expressions of JSON Schema (draft-07 section 4.3: ECMA-262, searched for anywhere in the text),
// matched in time proportional to text times pattern: a Thompson machine walks all alternatives at once, so
// no pattern can be made to backtrack. Back references and look-around cannot be matched that way and are
// Unsupported; \p is so too.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace alk::stored {

inline constexpr std::size_t max_pattern_bytes = 1024; // a page of expression is a program already
inline constexpr std::size_t max_pattern_instructions =
    4096;                                      // {n,m} is unrolled: bounds memory and time per character
inline constexpr int max_pattern_nesting = 32; // groups in groups: the parser recurses

class Pattern {
 public:
  // Invalid: not an expression, or one beyond the limits; Unsupported: one that would need backtracking.
  static Result<Pattern> compile(std::string_view expression);

  // Whether some part of `text` (UTF-8) matches. Takes what it costs from `budget`, and stops with Busy when
  // that is used up.
  Result<bool> found_in(std::string_view text, std::uint64_t& budget) const;

 private:
  struct Program;
  explicit Pattern(std::shared_ptr<const Program> program) : program_(std::move(program)) {}

  std::shared_ptr<const Program> program_; // immutable
};

} // namespace alk::stored
