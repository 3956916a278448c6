/**
 * Depthwise 3-D convolution of one block of 16 channels, any odd kernel: forward, the gradient of the
 * input (the same with the kernel turned round) and the gradient of the kernel.
 *
 * Inputs lie in rows with k/2 zeros before, between and behind (`PaddedRows`), so a row needs no case
 * for its ends; depth and height are cut by the loops' bounds. An output is one chain of fused
 * multiply-adds over the taps in their order.
 */
#pragma once
#include "lanes.h"
#include "volume.h"

namespace EMARS_NAMESPACE {

/** Rows of a block of channels with zeros around each: row r starts at `row(r)`. */
struct PaddedRows {
  float* data;
  long width, padding;

  static EMARS_INLINE long floats(const Volume& v, long padding) {
    return (v.depth * v.scans * v.height * (v.width + padding) + padding) * LANES;
  }
  EMARS_INLINE float* row(long index) const {
    return data + (index * (width + padding) + padding) * LANES;
  }
  /** Writes the zeros, which stay while the rows are written again and again. */
  void clear(const Volume& v) const { std::memset(data, 0, floats(v, padding) * sizeof(float)); }
};

/** Taps of one axis that fall into the volume at output `at` of `extent`: from `first` to `end`. */
struct TapRange {
  long first, end;
  EMARS_INLINE TapRange(long at, long extent, long kernel)
      : first(at >= kernel / 2 ? 0 : kernel / 2 - at),
        end(extent - at + kernel / 2 < kernel ? extent - at + kernel / 2 : kernel) {}
};

/** `WIDTH` outputs of a row side by side, the first at `to`. `kernel` [k][k][k][16]. */
template <int WIDTH>
void convolveTile(const Volume& v, const PaddedRows& input, const float* kernel, long k, long row,
                  long column, float* to) {
  const long height = row % v.height, scan = row / v.height % v.scans,
             depth = row / (v.height * v.scans);
  const TapRange deep(depth, v.depth, k), high(height, v.height, k);
  Lanes sums[WIDTH];
  EMARS_UNROLL for (int i = 0; i < WIDTH; i++) sums[i] = none();
  for (long d = deep.first; d < deep.end; d++) {
    for (long h = high.first; h < high.end; h++) {
      const long source = ((depth + d - k / 2) * v.scans + scan) * v.height + height + h - k / 2;
      const float* values = input.row(source) + (column - k / 2) * LANES;
      const float* taps = kernel + (d * k + h) * k * LANES;
      for (long w = 0; w < k; w++) {
        const Lanes tap = load(taps + w * LANES);
        EMARS_UNROLL for (int i = 0; i < WIDTH; i++) sums[i] =
            fma(load(values + (w + i) * LANES), tap, sums[i]);
      }
    }
  }
  EMARS_UNROLL for (int i = 0; i < WIDTH; i++) store(to + i * LANES, sums[i]);
}

template <int WIDTH>
void convolveRows(const Volume& v, const PaddedRows& input, const float* kernel, long k, float* output) {
  const long rows = v.depth * v.scans * v.height;
  for (long row = 0; row < rows; row++) {
    float* to = output + row * v.width * LANES;
    long column = 0;
    for (; column + WIDTH <= v.width; column += WIDTH)
      convolveTile<WIDTH>(v, input, kernel, k, row, column, to + column * LANES);
    // The last tile covers some outputs again: the same chains, the same bits.
    if (column < v.width)
      convolveTile<WIDTH>(v, input, kernel, k, row, v.width - WIDTH, to + (v.width - WIDTH) * LANES);
  }
}

template <int WIDTH>
void convolveWidth(const Volume& v, const PaddedRows& input, const float* kernel, long k,
                   float* output) {
  if constexpr (WIDTH > 1) {
    if (v.width < WIDTH) return convolveWidth<WIDTH - 1>(v, input, kernel, k, output);
  }
  convolveRows<WIDTH>(v, input, kernel, k, output);
}

/** `output` [positions][16] from rows padded with k/2. */
inline void depthwise(const Volume& v, const PaddedRows& input, const float* kernel, long k,
                      float* output) {
  convolveWidth<ROW_TILE>(v, input, kernel, k, output);
}

/** Positions whose products are summed in registers before they are added to the gradient. */
constexpr long FILTER_RUN = 256;

/** Taps of the kernel's gradient that are summed at once: ROWS x COLUMNS, from (depth, high, wide). */
struct TapGroup {
  long depth, high, wide;
};

template <int ROWS, int COLUMNS>
void filterGradientGroup(const Volume& v, const PaddedRows& input, const PaddedRows& upstream, long k,
                         const TapGroup& at, float* gradient) {
  const long reach = k / 2;
  const long planes = FILTER_RUN / (v.height * v.width) > 1 ? FILTER_RUN / (v.height * v.width) : 1;
  const long first = at.depth >= reach ? 0 : reach - at.depth;
  const long end = v.depth < v.depth + reach - at.depth ? v.depth : v.depth + reach - at.depth;
  for (long plane = first * v.scans; plane < end * v.scans; plane += planes) {
    Lanes sums[ROWS][COLUMNS];
    EMARS_UNROLL for (int i = 0; i < ROWS; i++) {
      EMARS_UNROLL for (int j = 0; j < COLUMNS; j++) sums[i][j] = none();
    }
    const long last = plane + planes < end * v.scans ? plane + planes : end * v.scans;
    for (long p = plane; p < last; p++) {
      const long shifted = p + (at.depth - reach) * v.scans;
      for (long h = 0; h < v.height; h++) {
        const float* above = upstream.row(p * v.height + h);
        const long source = h + at.high - reach;
        if (source >= 0 && source + ROWS <= v.height) {
          const float* below = input.row(shifted * v.height + source) + (at.wide - reach) * LANES;
          const long rowStep = (v.width + input.padding) * LANES;
          for (long w = 0; w < v.width; w++) {
            const Lanes value = load(above + w * LANES);
            EMARS_UNROLL for (int i = 0; i < ROWS; i++) {
              EMARS_UNROLL for (int j = 0; j < COLUMNS; j++) sums[i][j] =
                  fma(load(below + i * rowStep + (w + j) * LANES), value, sums[i][j]);
            }
          }
          continue;
        }
        EMARS_UNROLL for (int i = 0; i < ROWS; i++) {
          if (source + i < 0 || source + i >= v.height) continue;
          const float* below = input.row(shifted * v.height + source + i) + (at.wide - reach) * LANES;
          for (long w = 0; w < v.width; w++) {
            const Lanes value = load(above + w * LANES);
            EMARS_UNROLL for (int j = 0; j < COLUMNS; j++) sums[i][j] =
                fma(load(below + (w + j) * LANES), value, sums[i][j]);
          }
        }
      }
    }
    EMARS_UNROLL for (int i = 0; i < ROWS; i++) {
      EMARS_UNROLL for (int j = 0; j < COLUMNS; j++) {
        float* place = gradient + (((at.depth * k) + at.high + i) * k + at.wide + j) * LANES;
        store(place, add(load(place), sums[i][j]));
      }
    }
  }
}

template <int ROWS, int COLUMNS>
void filterGradientColumns(const Volume& v, const PaddedRows& input, const PaddedRows& upstream, long k,
                           const TapGroup& at, long columns, float* gradient) {
  if constexpr (COLUMNS > 1) {
    if (columns < COLUMNS)
      return filterGradientColumns<ROWS, COLUMNS - 1>(v, input, upstream, k, at, columns, gradient);
  }
  filterGradientGroup<ROWS, COLUMNS>(v, input, upstream, k, at, gradient);
}

template <int ROWS>
void filterGradientRows(const Volume& v, const PaddedRows& input, const PaddedRows& upstream, long k,
                        const TapGroup& at, long rows, long columns, float* gradient) {
  if constexpr (ROWS > 1) {
    if (rows < ROWS)
      return filterGradientRows<ROWS - 1>(v, input, upstream, k, at, rows, columns, gradient);
  }
  filterGradientColumns<ROWS, FILTER_COLUMNS>(v, input, upstream, k, at, columns, gradient);
}

/** `gradient` [k][k][k][16] from the block's input and the gradient of its output, both padded with k/2.
 */
inline void depthwiseFilterGradient(const Volume& v, const PaddedRows& input, const PaddedRows& upstream,
                                    long k, float* gradient) {
  std::memset(gradient, 0, k * k * k * LANES * sizeof(float));
  // Groups of nearly equal size: 7 columns in tiles of at most 5 are 4 and 3.
  const long rowParts = (k + FILTER_ROWS - 1) / FILTER_ROWS, rowStep = (k + rowParts - 1) / rowParts;
  const long columnParts = (k + FILTER_COLUMNS - 1) / FILTER_COLUMNS;
  const long columnStep = (k + columnParts - 1) / columnParts;
  for (long depth = 0; depth < k; depth++) {
    if (depth - k / 2 >= v.depth || k / 2 - depth >= v.depth) continue;
    for (long high = 0; high < k; high += rowStep) {
      const long rows = high + rowStep < k ? rowStep : k - high;
      for (long wide = 0; wide < k; wide += columnStep) {
        const long columns = wide + columnStep < k ? columnStep : k - wide;
        filterGradientRows<FILTER_ROWS>(v, input, upstream, k, {depth, high, wide}, rows, columns,
                                        gradient);
      }
    }
  }
}

}  // namespace EMARS_NAMESPACE
