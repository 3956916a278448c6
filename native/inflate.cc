#include "inflate.h"

#include <cstring>

#include "checksums.h"
#include "huffman.h"

namespace {

/** Symbols of a Deflate block: literals, end, lengths; distances; lengths of code lengths. */
constexpr int LITERALS = 288, DISTANCES = 32, LENGTHS = 19;
constexpr int END = 256;
constexpr int MOST_LITERALS = 286, MOST_DISTANCES = 30;

using LiteralCode = Huffman<11, LITERALS, 2560>;
using DistanceCode = Huffman<9, DISTANCES, 896>;
using LengthCode = Huffman<7, LENGTHS, 128>;

constexpr uint16_t LENGTH_BASES[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                     31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
constexpr uint8_t LENGTH_EXTRAS[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                     2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
constexpr uint16_t DISTANCE_BASES[] = {1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
                                       33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
                                       1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
/** In which order a block tells the lengths of the code that its code lengths are in. */
constexpr uint8_t LENGTH_ORDER[] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

uint32_t literalMeaning(int symbol) {
  if (symbol < END) return entry::literal(static_cast<uint32_t>(symbol));
  if (symbol == END) return entry::other(entry::end);
  if (symbol >= MOST_LITERALS) return entry::other(entry::none);
  return entry::other(entry::number, LENGTH_EXTRAS[symbol - END - 1], LENGTH_BASES[symbol - END - 1]);
}

uint32_t distanceMeaning(int symbol) {
  if (symbol >= MOST_DISTANCES) return entry::other(entry::none);
  return entry::other(entry::number, symbol < 4 ? 0 : (symbol - 2) / 2, DISTANCE_BASES[symbol]);
}

uint32_t lengthMeaning(int symbol) {
  return entry::other(entry::number, 0, static_cast<uint32_t>(symbol));
}

/** The input as bits, lowest first. Bits past the end are zeros, and are missed at the next `fill`. */
class Bits {
 public:
  Bits(const uint8_t* from, const uint8_t* end) : at_(from), end_(end) {}

  /** At least 56 bits to look at; false where more were taken than there were. */
  bool fill() {
    if (end_ - at_ >= 8) {
      uint64_t next;
      std::memcpy(&next, at_, sizeof next);
      // Bytes that are held in part are read again, to the same place.
      bits_ |= next << count_;
      at_ += (63 - count_) >> 3;
      count_ |= 56;
      return true;
    }
    if (count_ < 0) return false;
    while (count_ <= 55 && at_ < end_) {
      bits_ |= static_cast<uint64_t>(*at_++) << count_;
      count_ += 8;
    }
    return true;
  }
  uint64_t look() const { return bits_; }
  void skip(uint32_t count) {
    bits_ >>= count;
    count_ -= static_cast<int>(count);
  }
  uint32_t take(uint32_t count) {
    const uint32_t value = static_cast<uint32_t>(bits_ & ((uint64_t{1} << count) - 1));
    skip(count);
    return value;
  }
  /** From the next whole byte on; null where bits were taken that are not there. */
  const uint8_t* bytes() {
    if (count_ < 0) return nullptr;
    at_ -= count_ >> 3;
    bits_ = 0;
    count_ = 0;
    return at_;
  }
  void goOn(const uint8_t* at) { at_ = at; }
  const uint8_t* end() const { return end_; }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
  uint64_t bits_ = 0;
  int count_ = 0;
};

class Inflater {
 public:
  Inflater(const uint8_t* input, const uint8_t* end, uint8_t* output, size_t capacity, size_t window)
      : bits_(input, end), begin_(output), out_(output), most_(output + capacity), window_(window) {}

  /** Unpacks all blocks; the place behind them, or null. */
  const uint8_t* run() {
    for (bool last = false; !last;) {
      if (!bits_.fill()) return nullptr;
      last = bits_.take(1) == 1;
      const uint32_t kind = bits_.take(2);
      if (!(kind == 0 ? stored() : kind == 1 ? fixed() : kind == 2 && dynamic())) return nullptr;
    }
    return bits_.bytes();
  }
  size_t length() const { return static_cast<size_t>(out_ - begin_); }

 private:
  bool stored() {
    const uint8_t* at = bits_.bytes();
    if (at == nullptr || bits_.end() - at < 4) return false;
    const size_t length = at[0] | at[1] << 8;
    if ((length ^ 0xffff) != static_cast<size_t>(at[2] | at[3] << 8)) return false;
    at += 4;
    if (static_cast<size_t>(bits_.end() - at) < length || static_cast<size_t>(most_ - out_) < length)
      return false;
    std::memcpy(out_, at, length);
    out_ += length;
    bits_.goOn(at + length);
    return true;
  }

  bool fixed() {
    uint8_t lengths[LITERALS];
    for (int i = 0; i < LITERALS; i++) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    uint8_t fives[DISTANCES];
    std::memset(fives, 5, sizeof fives);
    return decode(lengths, LITERALS, fives, DISTANCES);
  }

  bool dynamic() {
    const int literals = static_cast<int>(bits_.take(5)) + 257;
    const int distances = static_cast<int>(bits_.take(5)) + 1;
    const int told = static_cast<int>(bits_.take(4)) + 4;
    if (literals > MOST_LITERALS || distances > MOST_DISTANCES) return false;
    uint8_t ofLengths[LENGTHS] = {};
    for (int i = 0; i < told; i++) {
      if (!bits_.fill()) return false;
      ofLengths[LENGTH_ORDER[i]] = static_cast<uint8_t>(bits_.take(3));
    }
    LengthCode code;
    if (!code.build(ofLengths, LENGTHS, false, lengthMeaning)) return false;
    uint8_t lengths[MOST_LITERALS + MOST_DISTANCES];
    for (int i = 0; i < literals + distances;) {
      if (!bits_.fill()) return false;
      const uint32_t one = code.at(bits_.look());
      bits_.skip(entry::bits(one));
      const uint32_t symbol = entry::base(one);
      if (symbol < 16) {
        lengths[i++] = static_cast<uint8_t>(symbol);
        continue;
      }
      if (symbol == 16 && i == 0) return false;
      const uint8_t again = symbol == 16 ? lengths[i - 1] : 0;
      const int times = static_cast<int>(symbol == 16   ? 3 + bits_.take(2)
                                         : symbol == 17 ? 3 + bits_.take(3)
                                                        : 11 + bits_.take(7));
      if (times > literals + distances - i) return false;
      std::memset(lengths + i, again, static_cast<size_t>(times));
      i += times;
    }
    return lengths[END] != 0 && decode(lengths, literals, lengths + literals, distances);
  }

  bool decode(const uint8_t* literals, int literalCount, const uint8_t* distances, int distanceCount) {
    if (!literalCode_.build(literals, literalCount, false, literalMeaning) ||
        !distanceCode_.build(distances, distanceCount, true, distanceMeaning))
      return false;
    literalCode_.pairLiterals();
    return symbols();
  }

  /**
   * All symbols of a block. Each turn takes what 56 bits surely hold and writes no more than
   * INFLATE_SLACK, so that bounds are looked at once a turn.
   */
  bool symbols() {
    // Copies, which no byte that is written can change: they stay in registers.
    Bits bits = bits_;
    uint8_t* out = out_;
    const bool is = symbols(bits, out);
    bits_ = bits;
    out_ = out;
    return is && out <= most_;
  }

  bool symbols(Bits& bits, uint8_t*& out) const {
    while (bits.fill()) {
      if (out > most_) return false;
      uint32_t one = literalCode_.at(bits.look());
      for (int i = 0; i < 2 && entry::literals(one) != 0; i++) {
        put(one, bits, out);
        one = literalCode_.at(bits.look());
      }
      if (entry::literals(one) != 0) {
        put(one, bits, out);
        continue;
      }
      if (entry::kind(one) == entry::further) {
        const uint32_t inside = literalCode_.behind(one, bits.look());
        bits.skip(entry::bits(one));
        one = inside;
        if (entry::literals(one) != 0) {
          put(one, bits, out);
          continue;
        }
      }
      bits.skip(entry::bits(one));
      if (entry::kind(one) == entry::end) return true;
      if (entry::kind(one) != entry::number) return false;
      const size_t length = entry::base(one) + bits.take(entry::extra(one));
      if (!bits.fill()) return false;
      const size_t distance = distanceBehind(bits);
      if (distance == 0 || distance > static_cast<size_t>(out - begin_) || distance > window_)
        return false;
      copy(out, length, distance);
    }
    return false;
  }

  /** One or two literals. Both bytes are written, the second one perhaps for nothing. */
  static void put(uint32_t one, Bits& bits, uint8_t*& out) {
    out[0] = static_cast<uint8_t>(one >> 8);
    out[1] = static_cast<uint8_t>(one >> 16);
    out += entry::literals(one);
    bits.skip(entry::bits(one));
  }

  /** 0 for bits that are no distance. */
  size_t distanceBehind(Bits& bits) const {
    uint32_t one = distanceCode_.at(bits.look());
    if (entry::kind(one) == entry::further) {
      const uint32_t inside = distanceCode_.behind(one, bits.look());
      bits.skip(entry::bits(one));
      one = inside;
    }
    if (entry::kind(one) != entry::number) return 0;
    bits.skip(entry::bits(one));
    return entry::base(one) + bits.take(entry::extra(one));
  }

  /** Up to fifteen bytes more are written than are asked for. */
  static void copy(uint8_t*& out, size_t length, size_t distance) {
    const uint8_t* from = out - distance;
    uint8_t* to = out;
    out += length;
    if (distance < 8) {
      while (to < out) *to++ = *from++;
      return;
    }
    // Most are shorter than this: no jump hangs on how long they are.
    std::memcpy(to, from, 8);
    std::memcpy(to + 8, from + 8, 8);
    for (to += 16, from += 16; to < out; to += 8, from += 8) std::memcpy(to, from, 8);
  }

  Bits bits_;
  uint8_t* const begin_;
  uint8_t* out_;
  uint8_t* const most_;
  const size_t window_;
  LiteralCode literalCode_;
  DistanceCode distanceCode_;
};

uint32_t bigEndian(const uint8_t* at) {
  return static_cast<uint32_t>(at[0]) << 24 | at[1] << 16 | at[2] << 8 | at[3];
}
uint32_t littleEndian(const uint8_t* at) {
  return static_cast<uint32_t>(at[3]) << 24 | at[2] << 16 | at[1] << 8 | at[0];
}

/** Behind the header of a gzip member; null for one that is not of the plain kind. */
const uint8_t* behindGzipHeader(const uint8_t* at, const uint8_t* end) {
  constexpr uint8_t EXTRA = 4, NAME = 8, COMMENT = 16;
  if (end - at < 10 || at[0] != 0x1f || at[1] != 0x8b || at[2] != 8) return nullptr;
  const uint8_t flags = at[3];
  // The first flag is a hint alone; a header with a checksum of its own, or unknown flags, is left to
  // others.
  if ((flags & ~(1 | EXTRA | NAME | COMMENT)) != 0) return nullptr;
  at += 10;
  if ((flags & EXTRA) != 0) {
    if (end - at < 2) return nullptr;
    const long length = 2 + (at[0] | at[1] << 8);
    if (end - at < length) return nullptr;
    at += length;
  }
  for (const uint8_t text : {NAME, COMMENT}) {
    if ((flags & text) == 0) continue;
    const void* zero = std::memchr(at, 0, static_cast<size_t>(end - at));
    if (zero == nullptr) return nullptr;
    at = static_cast<const uint8_t*>(zero) + 1;
  }
  return at;
}

}  // namespace

long inflateWhole(Wrapping wrapping, const uint8_t* input, size_t length, uint8_t* output,
                  size_t capacity) {
  const uint8_t* const end = input + length;
  const uint8_t* at = input;
  size_t window = 1 << 15;
  if (wrapping == Wrapping::zlib) {
    // Method 8, a window of at most 32 KiB, no preset dictionary, and a check of these.
    if (length < 2 || (at[0] & 15) != 8 || at[0] >> 4 > 7 || (at[1] & 0x20) != 0 ||
        (at[0] << 8 | at[1]) % 31 != 0)
      return -1;
    window = size_t{1} << ((at[0] >> 4) + 8);
    at += 2;
  } else {
    at = behindGzipHeader(at, end);
    if (at == nullptr) return -1;
  }
  Inflater inflater(at, end, output, capacity, window);
  at = inflater.run();
  const size_t made = inflater.length();
  const size_t trailer = wrapping == Wrapping::zlib ? 4 : 8;
  if (at == nullptr || static_cast<size_t>(end - at) != trailer) return -1;
  const bool agrees = wrapping == Wrapping::zlib
                          ? bigEndian(at) == adler32Of(output, made)
                          : littleEndian(at) == crc32Of(output, made) &&
                                littleEndian(at + 4) == static_cast<uint32_t>(made);
  return agrees ? static_cast<long>(made) : -1;
}
