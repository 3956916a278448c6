/**
 * The first convolution: one input channel, any odd kernel and stride, its output in blocks of 16
 * channels. The images are copied once with k/2 zeros on each side, so no tap needs a case; an output is
 * one chain of fused multiply-adds over the taps in their order.
 */
#pragma once
#include "lanes.h"
#include "plan.h"
#include "pool.h"
#include "volume.h"

namespace EMARS_NAMESPACE {

/** Images with zeros around each, and where the taps of an output lie. */
struct PaddedImages {
  float* data;
  long kernel, stride, padding;
  /** Of a padded image. */
  long depth, height, width;

  PaddedImages(const Images& images, const Unit& unit)
      : data(nullptr),
        kernel(unit.kernel),
        stride(unit.stride),
        padding(unit.kernel / 2),
        depth(images.depth + 2 * padding),
        height(images.height + 2 * padding),
        width(images.width + 2 * padding) {}

  long floats(long scans) const { return scans * depth * height * width; }

  void fill(const Images& images, Pool& pool) const {
    pool.each(images.scans, [&](long n, int) {
      std::memset(data + n * floats(1), 0, floats(1) * sizeof(float));
      for (long d = 0; d < images.depth; d++)
        for (long h = 0; h < images.height; h++)
          std::memcpy(data + ((n * depth + d + padding) * height + h + padding) * width + padding,
                      images.values + ((n * images.depth + d) * images.height + h) * images.width,
                      images.width * sizeof(float));
    });
  }

  /** The first tap of the first output of a row. */
  EMARS_INLINE const float* row(const Volume& v, long row) const {
    const long high = row % v.height, scan = row / v.height % v.scans, deep = row / (v.height * v.scans);
    return data + ((scan * depth + deep * stride) * height + high * stride) * width;
  }
  EMARS_INLINE long tap(long index) const {
    return (index / (kernel * kernel) * height + index / kernel % kernel) * width + index % kernel;
  }
};

/** Rows of an output, from `first` to `end`. */
struct Rows {
  long first, end;
};

template <int WIDTH>
void stemTile(const PaddedImages& images, const float* first, const float* weights, float* to) {
  Lanes sums[WIDTH];
  EMARS_UNROLL for (int i = 0; i < WIDTH; i++) sums[i] = none();
  const float* weight = weights;
  for (long d = 0; d < images.kernel; d++) {
    for (long h = 0; h < images.kernel; h++) {
      const float* values = first + (d * images.height + h) * images.width;
      for (long w = 0; w < images.kernel; w++, weight += LANES) {
        const Lanes tap = load(weight);
        EMARS_UNROLL for (int i = 0; i < WIDTH; i++) sums[i] =
            fma(same(values[w + i * images.stride]), tap, sums[i]);
      }
    }
  }
  EMARS_UNROLL for (int i = 0; i < WIDTH; i++) store(to + i * LANES, sums[i]);
}

template <int WIDTH>
void stemRows(const PaddedImages& images, const Volume& v, const float* weights, const Rows& rows,
              float* output) {
  if constexpr (WIDTH > 1) {
    if (v.width < WIDTH) return stemRows<WIDTH - 1>(images, v, weights, rows, output);
  }
  for (long row = rows.first; row < rows.end; row++) {
    const float* first = images.row(v, row);
    float* to = output + row * v.width * LANES;
    for (long column = 0; column < v.width; column += WIDTH) {
      const long at = column + WIDTH <= v.width ? column : v.width - WIDTH;
      stemTile<WIDTH>(images, first + at * images.stride, weights, to + at * LANES);
    }
  }
}

/** Some rows of a block of outputs `[positions][16]`; `weights` [taps][16]. */
inline void stemConvolution(const PaddedImages& images, const Volume& v, const float* weights,
                            const Rows& rows, float* output) {
  stemRows<ROW_TILE>(images, v, weights, rows, output);
}

/** Positions whose products are summed in registers before they are added to the gradient. */
constexpr long STEM_RUN = 256;

template <int TAPS>
void stemGradientTaps(const PaddedImages& images, const Volume& v, const float* upstream, long tap,
                      float* gradient) {
  const long rows = v.depth * v.scans * v.height;
  const long step = STEM_RUN / v.width > 1 ? STEM_RUN / v.width : 1;
  long offsets[TAPS];
  for (int i = 0; i < TAPS; i++) offsets[i] = images.tap(tap + i);
  for (long from = 0; from < rows; from += step) {
    const long end = from + step < rows ? from + step : rows;
    Lanes sums[TAPS];
    EMARS_UNROLL for (int i = 0; i < TAPS; i++) sums[i] = none();
    for (long row = from; row < end; row++) {
      const float* first = images.row(v, row);
      const float* above = upstream + row * v.width * LANES;
      for (long w = 0; w < v.width; w++) {
        const Lanes value = load(above + w * LANES);
        EMARS_UNROLL for (int i = 0; i < TAPS; i++) sums[i] =
            fma(same(first[w * images.stride + offsets[i]]), value, sums[i]);
      }
    }
    EMARS_UNROLL for (int i = 0; i < TAPS; i++) {
      float* place = gradient + (tap + i) * LANES;
      store(place, add(load(place), sums[i]));
    }
  }
}

/**
 * `STEM_TAPS` taps, from `tap` on, of the gradient `[taps][16]` of one block's weights; `upstream`
 * [positions][16].
 */
inline void stemFilterGradient(const PaddedImages& images, const Volume& v, const float* upstream,
                               long tap, float* gradient) {
  const long taps = images.kernel * images.kernel * images.kernel;
  const long end = tap + STEM_TAPS < taps ? tap + STEM_TAPS : taps;
  std::memset(gradient + tap * LANES, 0, (end - tap) * LANES * sizeof(float));
  if (tap + STEM_TAPS <= taps) return stemGradientTaps<STEM_TAPS>(images, v, upstream, tap, gradient);
  for (; tap < taps; tap++) stemGradientTaps<1>(images, v, upstream, tap, gradient);
}

}  // namespace EMARS_NAMESPACE
