/**
 * Tables that decode the prefix codes of a Deflate block (RFC 1951, section 3.2.2): the next bits of the
 * input are an index, the entry says what they mean. Codes longer than the index go on in a table behind
 * it.
 */
#pragma once
#include <array>
#include <cstdint>

/** What an entry says, from its lowest bit: bits to consume (4), literals (2), what else it is (2), 24
 * bits. */
namespace entry {

enum Kind : uint32_t { number = 0, end = 1, further = 2, none = 3 };

constexpr uint32_t bits(uint32_t one) { return one & 15; }
/** How many literals these bits are; 0: none, something else. */
constexpr uint32_t literals(uint32_t one) { return one >> 4 & 3; }
constexpr Kind kind(uint32_t one) { return static_cast<Kind>(one >> 6 & 3); }
/** Of a number: bits that follow and are added. Of a further table: the bits of its index. */
constexpr uint32_t extra(uint32_t one) { return one >> 8 & 0xff; }
/** Of a number: its least value. Of a further table: where it begins. */
constexpr uint32_t base(uint32_t one) { return one >> 16; }

constexpr uint32_t literal(uint32_t byte) { return 1 << 4 | byte << 8; }
constexpr uint32_t other(Kind kind, uint32_t extra = 0, uint32_t base = 0) {
  return kind << 6 | extra << 8 | base << 16;
}

}  // namespace entry

constexpr int LONGEST_CODE = 15;

/** `INDEX` bits at once; `SIZE` entries with all further tables, the most that `SYMBOLS` codes can need.
 */
template <int INDEX, int SYMBOLS, int SIZE>
class Huffman {
 public:
  /**
   * The table of the codes with these lengths, 0 for symbols without one. `meaning(symbol)` is the entry
   * without its bits. False where the lengths are no code, or leave bits without a meaning (`sparse`:
   * these may be one code or none).
   */
  template <typename Meaning>
  bool build(const uint8_t* lengths, int symbols, bool sparse, Meaning meaning) {
    std::array<int, LONGEST_CODE + 1> counts{};
    for (int symbol = 0; symbol < symbols; symbol++) counts[lengths[symbol]]++;
    const int coded = symbols - counts[0];
    counts[0] = 0;
    std::array<uint32_t, LONGEST_CODE + 2> next{};
    int left = 1;
    for (int length = 1; length <= LONGEST_CODE; length++) {
      left = 2 * left - counts[length];
      if (left < 0) return false;
      next[length + 1] = (next[length] + counts[length]) << 1;
    }
    const bool whole = left == 0;
    if (!whole && !(sparse && (coded == 0 || (coded == 1 && counts[1] == 1)))) return false;
    if (!whole) table_.fill(entry::other(entry::none));
    std::array<int, LONGEST_CODE + 2> places{};
    for (int length = 1; length <= LONGEST_CODE; length++)
      places[length + 1] = places[length] + counts[length];
    // Symbols by the length of their codes: each further table is then made at once, from its longest
    // code.
    std::array<uint16_t, SYMBOLS> sorted;
    for (int symbol = 0; symbol < symbols; symbol++)
      if (lengths[symbol] != 0) sorted[places[lengths[symbol]]++] = static_cast<uint16_t>(symbol);
    used_ = 1 << INDEX;
    for (int i = 0; i < coded; i++) {
      const int symbol = sorted[i], length = lengths[symbol];
      const uint32_t code = reversed(next[length]++, length);
      if (!place(code, length, meaning(symbol), counts)) return false;
    }
    return true;
  }

  uint32_t at(uint64_t bits) const { return table_[bits & ((1u << INDEX) - 1)]; }
  uint32_t behind(uint32_t one, uint64_t bits) const {
    return table_[entry::base(one) + (bits >> INDEX & ((1u << entry::extra(one)) - 1))];
  }

  /** Joins literals whose codes fit into one index: two of them cost one step then. */
  void pairLiterals() {
    for (uint32_t index = 1u << INDEX; index-- > 0;) {
      const uint32_t first = table_[index];
      if (entry::literals(first) != 1) continue;
      const uint32_t bits = entry::bits(first);
      // What follows is known as far as the index reaches; downwards, because its place is lower and
      // must not be joined yet.
      const uint32_t second = table_[index >> bits];
      const uint32_t both = bits + entry::bits(second);
      if (entry::literals(second) == 1 && both <= INDEX)
        table_[index] = both | 2u << 4 | (first & 0xff00) | (second & 0xff00) << 8;
    }
  }

 private:
  static uint32_t reversed(uint32_t code, int length) {
    uint32_t result = 0;
    for (int bit = 0; bit < length; bit++, code >>= 1) result = result << 1 | (code & 1);
    return result;
  }

  bool place(uint32_t code, int length, uint32_t what, std::array<int, LONGEST_CODE + 1>& counts) {
    if (length <= INDEX) {
      for (uint32_t index = code; index < 1u << INDEX; index += 1u << length)
        table_[index] = what | static_cast<uint32_t>(length);
      return true;
    }
    const uint32_t index = code & ((1u << INDEX) - 1);
    if (index != last_ || used_ == 1 << INDEX) {
      int bits = length - INDEX;
      // As long as shorter codes leave room for longer ones, the table grows.
      for (int left = (1 << bits) - counts[length]; left > 0 && bits + INDEX < LONGEST_CODE;) {
        bits++;
        left = 2 * left - counts[bits + INDEX];
      }
      if (used_ + (1 << bits) > SIZE) return false;
      table_[index] =
          entry::other(entry::further, static_cast<uint32_t>(bits), static_cast<uint32_t>(used_)) |
          INDEX;
      used_ += 1 << bits;
      last_ = index;
    }
    counts[length]--;
    const uint32_t inside = table_[index];
    const uint32_t rest = static_cast<uint32_t>(length - INDEX);
    for (uint32_t i = code >> INDEX; i < 1u << entry::extra(inside); i += 1u << rest)
      table_[entry::base(inside) + i] = what | rest;
    return true;
  }

  std::array<uint32_t, SIZE> table_;
  int used_ = 0;
  uint32_t last_ = 0;
};
