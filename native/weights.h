/** Weights between their rows in the flat vector and the blocks of 16 columns that products read. */
#pragma once
#include "lanes.h"
#include "pool.h"
#include "volume.h"

namespace EMARS_NAMESPACE {

/** `[rows][columns]` → `[columns / 16][rows][16]`, the last block filled up with 0. */
inline void packColumns(const float* from, long rows, long columns, float* to, Pool& pool) {
  pool.each(blocksOf(columns), [&](long block, int) {
    const int lanes = lanesIn(columns, block);
    for (long row = 0; row < rows; row++)
      store(to + (block * rows + row) * LANES, loadSome(from + row * columns + block * LANES, lanes));
  });
}

/** A square of 16 x 16, transposed. */
EMARS_INLINE void transposeSquare(const float* from, long step, float* to) {
#if defined(EMARS_AVX512)
  // Four rounds of interleaving, each of pairs 8 rows apart, put element (i, j) to (j, i).
  __m512i rows[LANES], mixed[LANES];
  EMARS_UNROLL for (int i = 0; i < LANES; i++) rows[i] = _mm512_castps_si512(load(from + i * step).all);
  const __m512i low = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  const __m512i high = _mm512_set_epi32(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8);
  EMARS_UNROLL for (int round = 0; round < 4; round++) {
    EMARS_UNROLL for (int i = 0; i < LANES / 2; i++) {
      mixed[2 * i] = _mm512_permutex2var_epi32(rows[i], low, rows[i + LANES / 2]);
      mixed[2 * i + 1] = _mm512_permutex2var_epi32(rows[i], high, rows[i + LANES / 2]);
    }
    EMARS_UNROLL for (int i = 0; i < LANES; i++) rows[i] = mixed[i];
  }
  EMARS_UNROLL for (int i = 0; i < LANES; i++) store(to + i * LANES, {_mm512_castsi512_ps(rows[i])});
#else
  for (int i = 0; i < LANES; i++)
    for (int j = 0; j < LANES; j++) to[j * LANES + i] = from[i * step + j];
#endif
}

/** `[rows][columns]` → `[rows / 16][columns][16]`: the blocks of the transposed matrix. */
inline void packTransposed(const float* from, long rows, long columns, float* to, Pool& pool) {
  pool.each(blocksOf(rows), [&](long block, int) {
    const int lanes = lanesIn(rows, block);
    const float* source = from + block * LANES * columns;
    float* target = to + block * columns * LANES;
    long column = 0;
    if (lanes == LANES)
      for (; column + LANES <= columns; column += LANES)
        transposeSquare(source + column, columns, target + column * LANES);
    for (; column < columns; column++)
      for (int lane = 0; lane < LANES; lane++)
        target[column * LANES + lane] = lane < lanes ? source[lane * columns + column] : 0.0f;
  });
}

/** `[rows][blocks][16]` → `[rows][columns]`. */
inline void unpackRows(const float* from, long rows, long columns, float* to) {
  const long blocks = blocksOf(columns);
  for (long row = 0; row < rows; row++)
    for (long block = 0; block < blocks; block++)
      storeSome(to + row * columns + block * LANES, load(from + (row * blocks + block) * LANES),
                lanesIn(columns, block));
}

/** A depthwise kernel `[taps][channels]` → `[taps][16]` of a block, turned round for the input's
 * gradient. */
inline void packTaps(const float* from, long taps, long channels, long block, bool turned, float* to) {
  const int lanes = lanesIn(channels, block);
  for (long tap = 0; tap < taps; tap++)
    store(to + (turned ? taps - 1 - tap : tap) * LANES,
          loadSome(from + tap * channels + block * LANES, lanes));
}

inline void unpackTaps(const float* from, long taps, long channels, long block, float* to) {
  const int lanes = lanesIn(channels, block);
  for (long tap = 0; tap < taps; tap++)
    storeSome(to + tap * channels + block * LANES, load(from + tap * LANES), lanes);
}

}  // namespace EMARS_NAMESPACE
