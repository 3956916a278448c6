/**
 * Sixteen rows of a PNG at once, one byte a pixel. A byte waits for its neighbours to the left and
 * above, so each row is a byte behind the one above it: what is done in one step lies on a diagonal, a
 * lane a row.
 *
 *   step t:  row 0 at t,  row 1 at t - 1,  …,  row 15 at t - 15
 *
 * SSE2, which every x86-64 processor has; elsewhere rows are undone one by one (unfilter.cc).
 */
#pragma once
#if defined(__SSE2__)
#include <emmintrin.h>

#include <cstdint>
#include <cstring>

namespace wavefront {

constexpr long ROWS = 16;
using Bytes = __m128i;

inline Bytes load(const uint8_t* at) { return _mm_loadu_si128(reinterpret_cast<const Bytes*>(at)); }
inline void store(uint8_t* at, Bytes bytes) { _mm_storeu_si128(reinterpret_cast<Bytes*>(at), bytes); }
inline Bytes chosen(Bytes mask, Bytes yes, Bytes no) {
  return _mm_xor_si128(no, _mm_and_si128(mask, _mm_xor_si128(yes, no)));
}

/** Rows become columns: four rounds, each of which puts halves in turns. */
inline void transpose(Bytes (&square)[ROWS]) {
  Bytes other[ROWS];
  for (int round = 0; round < 4; round++) {
    for (int i = 0; i < 8; i++) {
      other[2 * i] = _mm_unpacklo_epi8(square[i], square[i + 8]);
      other[2 * i + 1] = _mm_unpackhi_epi8(square[i], square[i + 8]);
    }
    std::memcpy(square, other, sizeof other);
  }
}

/** The Paeth filter's choice. Differences are kept as how far above and how far below, which eight bits
 * hold. */
inline Bytes paeth(Bytes left, Bytes above, Bytes corner) {
  const Bytes aboveMore = _mm_subs_epu8(above, corner), aboveLess = _mm_subs_epu8(corner, above);
  const Bytes leftMore = _mm_subs_epu8(left, corner), leftLess = _mm_subs_epu8(corner, left);
  const Bytes toLeft = _mm_or_si128(aboveMore, aboveLess), toAbove = _mm_or_si128(leftMore, leftLess);
  // Where a sum is cut at 255 the corner is no nearer than the others, and is not chosen.
  const Bytes more = _mm_adds_epu8(aboveMore, leftMore), less = _mm_adds_epu8(aboveLess, leftLess);
  const Bytes toCorner = _mm_or_si128(_mm_subs_epu8(more, less), _mm_subs_epu8(less, more));
  const Bytes toOther = _mm_min_epu8(toAbove, toCorner);
  const Bytes isAbove = _mm_cmpeq_epi8(toOther, toAbove);
  const Bytes isLeft = _mm_cmpeq_epi8(_mm_min_epu8(toLeft, toOther), toLeft);
  return chosen(isLeft, left, chosen(isAbove, above, corner));
}

/** Half the sum, rounded down: the processor's own average rounds up. */
inline Bytes average(Bytes left, Bytes above) {
  const Bytes odd = _mm_and_si128(_mm_xor_si128(left, above), _mm_set1_epi8(1));
  return _mm_sub_epi8(_mm_avg_epu8(left, above), odd);
}

/** Which rows have which filter. */
struct Filters {
  Bytes left, above, average, paeth;

  Filters(const uint8_t* rows, long step) {
    uint8_t numbers[ROWS];
    for (long row = 0; row < ROWS; row++) numbers[row] = rows[row * step];
    const Bytes all = load(numbers);
    const auto having = [all](char filter) { return _mm_cmpeq_epi8(all, _mm_set1_epi8(filter)); };
    left = having(1);
    above = having(2);
    average = having(3);
    paeth = having(4);
  }

  Bytes expected(Bytes toLeft, Bytes toTop, Bytes corner) const {
    const Bytes simple = _mm_or_si128(_mm_and_si128(left, toLeft), _mm_and_si128(above, toTop));
    const Bytes halves = _mm_and_si128(average, wavefront::average(toLeft, toTop));
    const Bytes nearest = _mm_and_si128(paeth, wavefront::paeth(toLeft, toTop, corner));
    return _mm_or_si128(_mm_or_si128(simple, halves), nearest);
  }
};

/** Writes what lies within the row alone: its neighbours in memory are other rows. */
inline void storeWithin(uint8_t* row, long from, long bytes, Bytes values) {
  if (from >= 0 && from + ROWS <= bytes) {
    store(row + from, values);
    return;
  }
  const long first = from < 0 ? -from : 0, end = bytes - from < ROWS ? bytes - from : ROWS;
  if (first >= end) return;
  uint8_t whole[ROWS];
  store(whole, values);
  std::memcpy(row + from + first, whole + first, static_cast<size_t>(end - first));
}

/**
 * `rows`: sixteen times a filter's number and `bytes` bytes, undone in place. Up to 32 bytes behind
 * them, and behind the row `above` them, are read and mean nothing.
 */
inline void undo(uint8_t* rows, const uint8_t* above, long bytes) {
  static constexpr uint8_t HALF[2 * ROWS] = {255, 255, 255, 255, 255, 255, 255, 255,
                                             255, 255, 255, 255, 255, 255, 255, 255};
  const long step = bytes + 1;
  const Filters filters(rows, step);
  Bytes values = _mm_setzero_si128(), corner = _mm_setzero_si128();
  for (long from = 0; from < bytes + ROWS - 1; from += ROWS) {
    Bytes square[ROWS];
    for (long row = 0; row < ROWS; row++) square[row] = load(rows + row * step + 1 + from - row);
    transpose(square);
    for (long i = 0; i < ROWS; i++) {
      const Bytes top = _mm_or_si128(_mm_slli_si128(values, 1), _mm_cvtsi32_si128(above[from + i]));
      values = _mm_add_epi8(square[i], filters.expected(values, top, corner));
      // Rows that have not begun yet count as zeros to the left of those that have.
      if (from == 0) values = _mm_and_si128(values, load(HALF + ROWS - 1 - i));
      corner = top;
      square[i] = values;
    }
    transpose(square);
    for (long row = 0; row < ROWS; row++)
      storeWithin(rows + row * step + 1, from - row, bytes, square[row]);
  }
}

}  // namespace wavefront
#endif
