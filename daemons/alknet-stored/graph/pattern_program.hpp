// What a pattern is compiled to: instructions whose jumps are relative, so that a part can be copied.
#pragma once

#include "alknet-stored/graph/pattern.hpp"

#include <vector>

namespace alk::stored {

struct CodeRange {
  char32_t first = 0;
  char32_t last = 0;
};

struct CharacterSet {
  std::vector<CodeRange> ranges;
  bool negated = false;
  bool contains(char32_t point) const;
};

struct Instruction {
  enum class Op { Character, Set, Split, Jump, Begin, End, WordBorder, NoWordBorder, Match };
  Op op = Op::Match;
  char32_t character = 0;  // Character
  std::uint32_t set = 0;   // Set
  std::int32_t offset = 0; // Jump, and the second way of Split (the first is the next instruction)
};

struct Pattern::Program {
  std::vector<Instruction> code; // ends with Match
  std::vector<CharacterSet> sets;
};

inline bool is_word_character(char32_t point) {
  return point == '_' || (point >= '0' && point <= '9') || (point >= 'A' && point <= 'Z') ||
         (point >= 'a' && point <= 'z');
}

} // namespace alk::stored
