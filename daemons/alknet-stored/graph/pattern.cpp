#include "alknet-stored/graph/pattern.hpp"

#include "alknet-stored/graph/code_points.hpp"
#include "alknet-stored/graph/pattern_program.hpp"

#include <optional>

namespace alk::stored {

using Op = Instruction::Op;

bool CharacterSet::contains(char32_t point) const {
  for (const auto& range : ranges)
    if (point >= range.first && point <= range.last) return !negated;
  return negated;
}

namespace {

struct Position {
  std::optional<char32_t> before;
  std::optional<char32_t> after;

  bool passes(Op op) const {
    bool border = (before && is_word_character(*before)) != (after && is_word_character(*after));
    switch (op) {
    case Op::Begin: return !before;
    case Op::End: return !after;
    case Op::WordBorder: return border;
    case Op::NoWordBorder: return !border;
    default: return true;
    }
  }
};

// The instructions that wait for a character, each at most once.
class Threads {
 public:
  explicit Threads(std::size_t size) : seen_(size, 0) {}

  void clear() {
    waiting.clear();
    ++round_;
  }

  // Everything reachable from `start` without reading a character. True: Match is among it.
  bool add(const std::vector<Instruction>& code, std::size_t start, const Position& here,
           std::uint64_t& spent) {
    todo_.assign(1, start);
    while (!todo_.empty()) {
      auto at = todo_.back();
      todo_.pop_back();
      if (seen_[at] == round_) continue;
      seen_[at] = round_;
      ++spent;
      const auto& instruction = code[at];
      auto target = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(at) + instruction.offset);
      switch (instruction.op) {
      case Op::Match: return true;
      case Op::Character:
      case Op::Set: waiting.push_back(at); break;
      case Op::Jump: todo_.push_back(target); break;
      case Op::Split:
        todo_.push_back(target);
        todo_.push_back(at + 1);
        break;
      default:
        if (here.passes(instruction.op)) todo_.push_back(at + 1);
      }
    }
    return false;
  }

  std::vector<std::size_t> waiting;

 private:
  std::vector<std::uint64_t> seen_; // the round in which an instruction was visited last
  std::uint64_t round_ = 1;
  std::vector<std::size_t> todo_;
};

} // namespace

Result<bool> Pattern::found_in(std::string_view text, std::uint64_t& budget) const {
  const auto& code = program_->code;
  Threads now(code.size()), next(code.size());
  Position here;
  std::size_t at = 0;
  auto advance = [&] {
    here.after.reset();
    if (at < text.size()) here.after = next_code_point(text, at);
  };
  advance();
  while (true) {
    std::uint64_t spent = 1;
    if (now.add(code, 0, here, spent)) return true; // a match may begin anywhere
    if (!here.after) return false;
    auto point = *here.after;
    here.before = point;
    advance();
    next.clear();
    for (auto waiting : now.waiting) {
      const auto& instruction = code[waiting];
      ++spent;
      bool matches = instruction.op == Op::Character ? instruction.character == point
                                                     : program_->sets[instruction.set].contains(point);
      if (matches && next.add(code, waiting + 1, here, spent)) return true;
    }
    std::swap(now, next);
    if (spent > budget) return fail(Kind::Busy, "the value takes too much work to check");
    budget -= spent;
  }
}

} // namespace alk::stored
