/**
 * Matrix products of the pointwise convolutions. An element is one chain of fused multiply-adds a run of
 * at most 512 terms, the runs' sums added in their order: its bits depend neither on how the result is
 * cut into tiles nor on how many rows there are, and long sums (weight gradients run over all positions)
 * lose little.
 */
#pragma once
#include "lanes.h"
#include "pool.h"

namespace EMARS_NAMESPACE {

/** Terms summed in registers before they are added to the result. */
constexpr long RUN = 512;

/** The left matrix: element (row, k) lies in `data` where `at` says. */
struct Left {
  const float* data;
  /** Floats of a block of 16 channels: 16 times the positions. */
  long block;
  /** The channels are the rows and the positions the terms, as for a weight gradient; else the reverse.
   */
  bool channelsAreRows;

  EMARS_INLINE const float* at(long row, long k) const {
    return channelsAreRows ? data + row / LANES * block + row % LANES + k * LANES
                           : data + k / LANES * block + k % LANES + row * LANES;
  }
};

/** The right matrix: columns in blocks of 16, `block` floats apart, its rows 16 floats apart. */
struct Right {
  const float* data;
  long block;
};

/** The result: columns in blocks of 16, `block` floats apart, its rows `row` floats apart. */
struct Result {
  float* data;
  long block, row;
};

struct Extents {
  long rows, blocks, terms;
};

template <int ROWS, int BLOCKS>
EMARS_INLINE void multiplySteps(Lanes (&sums)[ROWS][BLOCKS], const float* left, long rowStep, long step,
                                const float* right, long rightBlock, long count) {
  for (long k = 0; k < count; k++) {
    Lanes columns[BLOCKS];
    EMARS_UNROLL for (int j = 0; j < BLOCKS; j++) columns[j] = load(right + j * rightBlock + k * LANES);
    EMARS_UNROLL for (int i = 0; i < ROWS; i++) {
      const Lanes value = same(left[i * rowStep + k * step]);
      EMARS_UNROLL for (int j = 0; j < BLOCKS; j++) sums[i][j] = fma(value, columns[j], sums[i][j]);
    }
  }
}

/** One tile of the result over the terms from `from` to `to`, at most a run. */
template <int ROWS, int BLOCKS>
void multiplyTile(const Left& left, long row, const Right& right, float* to, const Result& result,
                  long from, long end, bool addTo) {
  Lanes sums[ROWS][BLOCKS];
  EMARS_UNROLL for (int i = 0; i < ROWS; i++) {
    EMARS_UNROLL for (int j = 0; j < BLOCKS; j++) sums[i][j] = none();
  }
  if (left.channelsAreRows) {
    multiplySteps<ROWS, BLOCKS>(sums, left.at(row, from), 1, LANES, right.data + from * LANES,
                                right.block, end - from);
  } else {
    for (long k = from; k < end; k += LANES) {
      const long count = end - k < LANES ? end - k : LANES;
      multiplySteps<ROWS, BLOCKS>(sums, left.at(row, k), LANES, 1, right.data + k * LANES, right.block,
                                  count);
    }
  }
  EMARS_UNROLL for (int i = 0; i < ROWS; i++) {
    EMARS_UNROLL for (int j = 0; j < BLOCKS; j++) {
      float* place = to + j * result.block + i * result.row;
      store(place, addTo ? add(load(place), sums[i][j]) : sums[i][j]);
    }
  }
}

template <int BLOCKS>
void multiplyColumns(const Left& left, const Right& right, const Result& result, long firstRow,
                     long endRow, long from, long end, bool addTo) {
  long row = firstRow;
  for (; row + PRODUCT_ROWS <= endRow; row += PRODUCT_ROWS)
    multiplyTile<PRODUCT_ROWS, BLOCKS>(left, row, right, result.data + row * result.row, result, from,
                                       end, addTo);
  for (; row + 4 <= endRow; row += 4)
    multiplyTile<4, BLOCKS>(left, row, right, result.data + row * result.row, result, from, end, addTo);
  for (; row < endRow; row++)
    multiplyTile<1, BLOCKS>(left, row, right, result.data + row * result.row, result, from, end, addTo);
}

/** Of the result: rows and blocks of columns, from `first` to `end`. */
struct Part {
  long firstRow, endRow, firstBlock, endBlock;
};

/** One part of result = left·right, or of result += left·right. */
inline void multiplyPart(const Left& left, const Right& right, const Result& result, const Part& part,
                         long terms, bool accumulate) {
  // A slab of rows of the left matrix stays in the second cache while all columns pass over it.
  const long slab = left.channelsAreRows ? part.endRow - part.firstRow : 128;
  for (long from = 0; from < terms; from += RUN) {
    const long end = from + RUN < terms ? from + RUN : terms;
    const bool addTo = accumulate || from > 0;
    for (long first = part.firstRow; first < part.endRow; first += slab) {
      const long last = first + slab < part.endRow ? first + slab : part.endRow;
      for (long block = part.firstBlock; block < part.endBlock;) {
        const long left_ = part.endBlock - block;
        const long take = left_ == 4 && PRODUCT_BLOCKS == 3 ? 2
                          : left_ < PRODUCT_BLOCKS          ? left_
                                                            : PRODUCT_BLOCKS;
        const Right columns{right.data + block * right.block, right.block};
        const Result tiles{result.data + block * result.block, result.block, result.row};
        if (take == 1) multiplyColumns<1>(left, columns, tiles, first, last, from, end, addTo);
        if constexpr (PRODUCT_BLOCKS >= 2)
          if (take == 2) multiplyColumns<2>(left, columns, tiles, first, last, from, end, addTo);
        if constexpr (PRODUCT_BLOCKS >= 3)
          if (take == 3) multiplyColumns<3>(left, columns, tiles, first, last, from, end, addTo);
        block += take;
      }
    }
  }
}

/** `extent` in at most `parts` of whole units; the number of parts that gives. */
struct Cut {
  long step, parts;
  Cut(long extent, long unit, long parts_) {
    const long units = (extent + unit - 1) / unit;
    const long most = parts_ < 1 ? 1 : parts_ < units ? parts_ : units;
    step = (units + most - 1) / most * unit;
    parts = (extent + step - 1) / step;
  }
  EMARS_INLINE long first(long part) const { return part * step; }
  EMARS_INLINE long end(long part, long extent) const {
    return (part + 1) * step < extent ? (part + 1) * step : extent;
  }
};

/** result = left·right, or result += left·right: in parts that threads share. */
inline void multiplyMatrices(const Left& left, const Right& right, const Result& result,
                             const Extents& extents, bool accumulate, Pool& pool) {
  const long wanted = pool.parts(4);
  const Cut rows(extents.rows, left.channelsAreRows ? PRODUCT_ROWS : 4 * PRODUCT_ROWS, wanted);
  const Cut columns(extents.blocks, PRODUCT_BLOCKS, (wanted + rows.parts - 1) / rows.parts);
  pool.each(rows.parts * columns.parts, [&](long item, int) {
    const long row = item / columns.parts, column = item % columns.parts;
    multiplyPart(left, right, result,
                 {rows.first(row), rows.end(row, extents.rows), columns.first(column),
                  columns.end(column, extents.blocks)},
                 extents.terms, accumulate);
  });
}

}  // namespace EMARS_NAMESPACE
