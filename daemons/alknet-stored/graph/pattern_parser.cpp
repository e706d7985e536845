// ECMA-262 section 21.2.1 (with the u flag: an escape without a meaning is an error), as a recursive descent
// that emits the instructions of each part and copies them for repetitions.
#include "alknet-stored/graph/code_points.hpp"
#include "alknet-stored/graph/pattern_program.hpp"

#include <optional>

namespace alk::stored {
namespace {

using Op = Instruction::Op;
using Code = std::vector<Instruction>;

constexpr char32_t last_code_point = 0x10FFFF;
constexpr unsigned unbounded = ~0U;

Failure wrong(std::string what) {
  return fail(Kind::Invalid, "not a regular expression: " + std::move(what));
}

Failure too_big() {
  return wrong("it is too big");
}

CharacterSet class_of(char32_t letter) {
  switch (letter) {
  case 'd':
  case 'D': return {{{'0', '9'}}, letter == 'D'};
  case 'w':
  case 'W': return {{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}, letter == 'W'};
  default: // \s: ECMA-262 WhiteSpace and LineTerminator
    return {{{9, 13},
             {' ', ' '},
             {0xA0, 0xA0},
             {0x1680, 0x1680},
             {0x2000, 0x200A},
             {0x2028, 0x2029},
             {0x202F, 0x202F},
             {0x205F, 0x205F},
             {0x3000, 0x3000},
             {0xFEFF, 0xFEFF}},
            letter == 'S'};
  }
}

bool is_class_letter(char32_t letter) {
  return std::u32string_view(U"dDwWsS").find(letter) != std::u32string_view::npos;
}

// The ranges that a negated set leaves out, so that it can be part of another one.
std::vector<CodeRange> plain_ranges(const CharacterSet& set) {
  if (!set.negated) return set.ranges;
  std::vector<CodeRange> rest;
  char32_t next = 0;
  for (const auto& range : set.ranges) { // in order and apart: only class_of() comes here
    if (range.first > next) rest.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  rest.push_back({next, last_code_point});
  return rest;
}

class Parser {
 public:
  explicit Parser(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) text_.push_back(next_code_point(text, at));
  }

  Result<Code> parse() {
    ALK_TRY(auto code, alternatives(0));
    if (!done()) return wrong("a ')' without its '('");
    code.push_back({});
    return code;
  }

  std::vector<CharacterSet> sets;

 private:
  bool done() const { return at_ == text_.size(); }
  bool next_is(char32_t c) const { return !done() && text_[at_] == c; }
  bool take(char32_t c) {
    bool is = next_is(c);
    at_ += is ? 1 : 0;
    return is;
  }
  bool take(std::u32string_view word) {
    bool is = std::u32string_view(text_).substr(at_).substr(0, word.size()) == word;
    at_ += is ? word.size() : 0;
    return is;
  }

  Result<Code> alternatives(int depth) {
    if (depth > max_pattern_nesting) return too_big();
    ALK_TRY(auto code, sequence(depth));
    while (take('|')) {
      ALK_TRY(auto other, sequence(depth));
      Code both;
      both.push_back(split(static_cast<std::int32_t>(code.size()) + 2));
      both.insert(both.end(), code.begin(), code.end());
      both.push_back(jump(static_cast<std::int32_t>(other.size()) + 1));
      both.insert(both.end(), other.begin(), other.end());
      code = std::move(both);
      if (code.size() > max_pattern_instructions) return too_big();
    }
    return code;
  }

  Result<Code> sequence(int depth) {
    Code code;
    while (!done() && !next_is('|') && !next_is(')')) {
      ALK_TRY(auto part, term(depth));
      code.insert(code.end(), part.begin(), part.end());
      if (code.size() > max_pattern_instructions) return too_big();
    }
    return code;
  }

  Result<Code> term(int depth) {
    if (take('^')) return Code{plain(Op::Begin)};
    if (take('$')) return Code{plain(Op::End)};
    if (take(U"\\b")) return Code{plain(Op::WordBorder)};
    if (take(U"\\B")) return Code{plain(Op::NoWordBorder)};
    ALK_TRY(auto code, atom(depth));
    return repeated(std::move(code));
  }

  Result<Code> atom(int depth) {
    if (take('(')) return group(depth);
    if (take('[')) return character_class();
    if (take('.')) return set_code({{{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}, true});
    if (take('\\')) {
      if (done()) return wrong("it ends in a backslash");
      if (is_class_letter(text_[at_])) return set_code(class_of(text_[at_++]));
      ALK_TRY(auto point, escape());
      return Code{character(point)};
    }
    auto point = text_[at_++];
    if (std::u32string_view(U"*+?{}]").find(point) != std::u32string_view::npos)
      return wrong("a quantifier or bracket without its beginning");
    return Code{character(point)};
  }

  Result<Code> group(int depth) {
    if (take(U"?=") || take(U"?!") || take(U"?<=") || take(U"?<!"))
      return fail(Kind::Unsupported, "regular expression: look-ahead and look-behind are not supported");
    if (take(U"?<")) {
      while (!done() && text_[at_] != '>') ++at_;
      if (!take('>')) return wrong("a group's name does not end");
    } else if (take('?') && !take(':')) {
      return wrong("an unknown kind of group");
    }
    ALK_TRY(auto code, alternatives(depth + 1));
    if (!take(')')) return wrong("a '(' without its ')'");
    return code;
  }

  Result<Code> repeated(Code code) {
    unsigned least = 1, most = 1;
    if (take('*')) {
      least = 0, most = unbounded;
    } else if (take('+')) {
      most = unbounded;
    } else if (take('?')) {
      least = 0;
    } else if (take('{')) {
      ALK_TRY(least, number());
      most = least;
      if (take(',')) {
        most = unbounded;
        if (!next_is('}')) {
          ALK_TRY(most, number());
        }
      }
      if (!take('}') || most < least) return wrong("not a count between '{' and '}'");
    } else {
      return code;
    }
    take('?'); // lazy: the same texts match
    return copies(code, least, most);
  }

  static Result<Code> copies(const Code& part, unsigned least, unsigned most) {
    auto size = static_cast<std::int32_t>(part.size());
    auto count = std::uint64_t{most == unbounded ? least + 1 : most};
    if (count * (part.size() + 2) > max_pattern_instructions) return too_big();
    Code code;
    for (unsigned i = 0; i < least; ++i) code.insert(code.end(), part.begin(), part.end());
    if (most == unbounded) {
      code.push_back(split(size + 2));
      code.insert(code.end(), part.begin(), part.end());
      code.push_back(jump(-size - 1));
      return code;
    }
    for (unsigned i = least; i < most; ++i) { // each optional copy can leave for the end of all of them
      code.push_back(split(static_cast<std::int32_t>(most - i) * (size + 1)));
      code.insert(code.end(), part.begin(), part.end());
    }
    return code;
  }

  Result<unsigned> number() {
    unsigned value = 0;
    auto start = at_;
    for (; !done() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      value = value * 10 + static_cast<unsigned>(text_[at_] - '0');
      if (value > max_pattern_instructions) return too_big();
    }
    if (at_ == start) return wrong("not a count between '{' and '}'");
    return value;
  }

  Result<Code> character_class() {
    CharacterSet set;
    set.negated = take('^');
    while (!take(']')) {
      if (done()) return wrong("a '[' without its ']'");
      if (next_is('\\') && at_ + 1 < text_.size() && is_class_letter(text_[at_ + 1])) {
        auto ranges = plain_ranges(class_of(text_[at_ + 1]));
        set.ranges.insert(set.ranges.end(), ranges.begin(), ranges.end());
        at_ += 2;
        continue;
      }
      ALK_TRY(auto first, class_member());
      auto last = first;
      if (next_is('-') && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
        ++at_;
        ALK_TRY(last, class_member());
      }
      if (last < first) return wrong("a range that runs backwards");
      set.ranges.push_back({first, last});
    }
    return set_code(std::move(set));
  }

  Result<char32_t> class_member() {
    if (!take('\\')) return done() ? Result<char32_t>(wrong("a '[' without its ']'")) : text_[at_++];
    if (take('b')) return U'\b';
    if (take('-')) return U'-';
    return escape();
  }

  // Behind the backslash.
  Result<char32_t> escape() {
    if (done()) return wrong("it ends in a backslash");
    auto letter = text_[at_++];
    switch (letter) {
    case 't': return U'\t';
    case 'n': return U'\n';
    case 'v': return U'\v';
    case 'f': return U'\f';
    case 'r': return U'\r';
    case '0': return U'\0';
    case 'c': {
      if (done()) return wrong("it ends in \\c");
      auto control = text_[at_++];
      bool is_letter = (control >= 'a' && control <= 'z') || (control >= 'A' && control <= 'Z');
      return is_letter ? Result<char32_t>(control & 31U) : wrong("an unknown control character");
    }
    case 'x': return hex(2);
    case 'u': return unicode();
    case 'p':
    case 'P': return fail(Kind::Unsupported, "regular expression: \\p is not supported");
    case 'k': return fail(Kind::Unsupported, "regular expression: back references are not supported");
    default: break;
    }
    if (letter >= '1' && letter <= '9')
      return fail(Kind::Unsupported, "regular expression: back references are not supported");
    if (std::u32string_view(U"^$\\.*+?()[]{}|/-").find(letter) == std::u32string_view::npos)
      return wrong("an unknown escape");
    return letter;
  }

  Result<char32_t> unicode() {
    if (take('{')) {
      char32_t value = 0;
      auto start = at_;
      for (std::optional<unsigned> digit; !done() && (digit = hex_digit(text_[at_])); ++at_)
        if ((value = value << 4U | *digit) > last_code_point) return wrong("not a code point");
      return at_ > start && take('}') ? Result<char32_t>(value) : wrong("not a code point");
    }
    ALK_TRY(auto first, hex(4));
    if (first < 0xD800 || first > 0xDBFF || !take(U"\\u")) return first;
    ALK_TRY(auto second, hex(4)); // the other half of a surrogate pair
    if (second < 0xDC00 || second > 0xDFFF) return wrong("half of a surrogate pair");
    return char32_t{0x10000 + ((first - 0xD800) << 10U) + (second - 0xDC00)};
  }

  Result<char32_t> hex(int digits) {
    char32_t value = 0;
    for (int i = 0; i < digits; ++i) {
      auto digit = done() ? std::nullopt : hex_digit(text_[at_++]);
      if (!digit) return wrong("not a hexadecimal escape");
      value = value << 4U | *digit;
    }
    return value;
  }

  static std::optional<unsigned> hex_digit(char32_t c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    return std::nullopt;
  }

  Result<Code> set_code(CharacterSet set) {
    sets.push_back(std::move(set));
    Instruction instruction;
    instruction.op = Op::Set;
    instruction.set = static_cast<std::uint32_t>(sets.size() - 1);
    return Code{instruction};
  }

  static Instruction plain(Op op) {
    Instruction instruction;
    instruction.op = op;
    return instruction;
  }
  static Instruction character(char32_t point) {
    auto instruction = plain(Op::Character);
    instruction.character = point;
    return instruction;
  }
  static Instruction split(std::int32_t offset) {
    auto instruction = plain(Op::Split);
    instruction.offset = offset;
    return instruction;
  }
  static Instruction jump(std::int32_t offset) {
    auto instruction = plain(Op::Jump);
    instruction.offset = offset;
    return instruction;
  }

  std::u32string text_;
  std::size_t at_ = 0;
};

} // namespace

Result<Pattern> Pattern::compile(std::string_view expression) {
  if (expression.size() > max_pattern_bytes) return too_big();
  Parser parser(expression);
  ALK_TRY(auto code, parser.parse());
  auto program = std::make_shared<Program>();
  program->code = std::move(code);
  program->sets = std::move(parser.sets);
  return Pattern(std::move(program));
}

} // namespace alk::stored
