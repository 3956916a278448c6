/**
 * Sixteen floats at once, one channel each. The same code is compiled for AVX-512, for AVX2 and without
 * vector instructions; a lane never meets another one, and multiply-add is always fused and always asked
 * for by name, so that the three give equal bits (the compiler is told -ffp-contract=off).
 */
#pragma once
#include <cmath>
#include <cstring>

#if defined(EMARS_AVX512) || defined(EMARS_AVX2)
#include <immintrin.h>
#endif

#define EMARS_INLINE __attribute__((always_inline)) inline
#define EMARS_UNROLL _Pragma("GCC unroll 32")

/** Channels of a block. */
constexpr int LANES = 16;

#if defined(EMARS_AVX512)

namespace EMARS_NAMESPACE {

struct Lanes {
  __m512 all;
};

EMARS_INLINE Lanes load(const float* from) { return {_mm512_loadu_ps(from)}; }
EMARS_INLINE void store(float* to, Lanes x) { _mm512_storeu_ps(to, x.all); }
EMARS_INLINE Lanes same(float x) { return {_mm512_set1_ps(x)}; }
EMARS_INLINE Lanes add(Lanes x, Lanes y) { return {_mm512_add_ps(x.all, y.all)}; }
EMARS_INLINE Lanes subtract(Lanes x, Lanes y) { return {_mm512_sub_ps(x.all, y.all)}; }
EMARS_INLINE Lanes multiply(Lanes x, Lanes y) { return {_mm512_mul_ps(x.all, y.all)}; }
EMARS_INLINE Lanes divide(Lanes x, Lanes y) { return {_mm512_div_ps(x.all, y.all)}; }
EMARS_INLINE Lanes root(Lanes x) { return {_mm512_sqrt_ps(x.all)}; }
/** x·y + z, rounded once. */
EMARS_INLINE Lanes fma(Lanes x, Lanes y, Lanes z) { return {_mm512_fmadd_ps(x.all, y.all, z.all)}; }
/** z - x·y, rounded once. */
EMARS_INLINE Lanes fnma(Lanes x, Lanes y, Lanes z) { return {_mm512_fnmadd_ps(x.all, y.all, z.all)}; }
/** min(max(x, 0), 6); 0 for NaN. */
EMARS_INLINE Lanes relu6(Lanes x) {
  return {_mm512_min_ps(_mm512_max_ps(x.all, _mm512_setzero_ps()), _mm512_set1_ps(6.0f))};
}
/** x where 0 < y < 6, else 0: the gradient of relu6 at y. */
EMARS_INLINE Lanes whereLinear(Lanes y, Lanes x) {
  const __mmask16 inside = _mm512_cmp_ps_mask(y.all, _mm512_setzero_ps(), _CMP_GT_OQ) &
                           _mm512_cmp_ps_mask(y.all, _mm512_set1_ps(6.0f), _CMP_LT_OQ);
  return {_mm512_maskz_mov_ps(inside, x.all)};
}

}  // namespace EMARS_NAMESPACE

#elif defined(EMARS_AVX2)

namespace EMARS_NAMESPACE {

struct Lanes {
  __m256 low, high;
};

#define EMARS_BOTH(operation) {operation(x.low, y.low), operation(x.high, y.high)}
EMARS_INLINE Lanes load(const float* from) { return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)}; }
EMARS_INLINE void store(float* to, Lanes x) {
  _mm256_storeu_ps(to, x.low);
  _mm256_storeu_ps(to + 8, x.high);
}
EMARS_INLINE Lanes same(float x) {
  const __m256 half = _mm256_set1_ps(x);
  return {half, half};
}
EMARS_INLINE Lanes add(Lanes x, Lanes y) { return EMARS_BOTH(_mm256_add_ps); }
EMARS_INLINE Lanes subtract(Lanes x, Lanes y) { return EMARS_BOTH(_mm256_sub_ps); }
EMARS_INLINE Lanes multiply(Lanes x, Lanes y) { return EMARS_BOTH(_mm256_mul_ps); }
EMARS_INLINE Lanes divide(Lanes x, Lanes y) { return EMARS_BOTH(_mm256_div_ps); }
EMARS_INLINE Lanes root(Lanes x) { return {_mm256_sqrt_ps(x.low), _mm256_sqrt_ps(x.high)}; }
EMARS_INLINE Lanes fma(Lanes x, Lanes y, Lanes z) {
  return {_mm256_fmadd_ps(x.low, y.low, z.low), _mm256_fmadd_ps(x.high, y.high, z.high)};
}
EMARS_INLINE Lanes fnma(Lanes x, Lanes y, Lanes z) {
  return {_mm256_fnmadd_ps(x.low, y.low, z.low), _mm256_fnmadd_ps(x.high, y.high, z.high)};
}
EMARS_INLINE __m256 relu6Half(__m256 x) {
  return _mm256_min_ps(_mm256_max_ps(x, _mm256_setzero_ps()), _mm256_set1_ps(6.0f));
}
EMARS_INLINE Lanes relu6(Lanes x) { return {relu6Half(x.low), relu6Half(x.high)}; }
EMARS_INLINE __m256 whereLinearHalf(__m256 y, __m256 x) {
  const __m256 above = _mm256_cmp_ps(y, _mm256_setzero_ps(), _CMP_GT_OQ);
  const __m256 below = _mm256_cmp_ps(y, _mm256_set1_ps(6.0f), _CMP_LT_OQ);
  return _mm256_and_ps(_mm256_and_ps(above, below), x);
}
EMARS_INLINE Lanes whereLinear(Lanes y, Lanes x) {
  return {whereLinearHalf(y.low, x.low), whereLinearHalf(y.high, x.high)};
}
#undef EMARS_BOTH

}  // namespace EMARS_NAMESPACE

#else

namespace EMARS_NAMESPACE {

struct Lanes {
  float lane[LANES];
};

#define EMARS_EACH(expression)                                 \
  Lanes result;                                                \
  for (int i = 0; i < LANES; i++) result.lane[i] = expression; \
  return result
EMARS_INLINE Lanes load(const float* from) {
  Lanes result;
  std::memcpy(result.lane, from, sizeof result.lane);
  return result;
}
EMARS_INLINE void store(float* to, const Lanes& x) { std::memcpy(to, x.lane, sizeof x.lane); }
EMARS_INLINE Lanes same(float x) { EMARS_EACH(x); }
EMARS_INLINE Lanes add(const Lanes& x, const Lanes& y) { EMARS_EACH(x.lane[i] + y.lane[i]); }
EMARS_INLINE Lanes subtract(const Lanes& x, const Lanes& y) { EMARS_EACH(x.lane[i] - y.lane[i]); }
EMARS_INLINE Lanes multiply(const Lanes& x, const Lanes& y) { EMARS_EACH(x.lane[i] * y.lane[i]); }
EMARS_INLINE Lanes divide(const Lanes& x, const Lanes& y) { EMARS_EACH(x.lane[i] / y.lane[i]); }
EMARS_INLINE Lanes root(const Lanes& x) { EMARS_EACH(__builtin_sqrtf(x.lane[i])); }
EMARS_INLINE Lanes fma(const Lanes& x, const Lanes& y, const Lanes& z) {
  EMARS_EACH(__builtin_fmaf(x.lane[i], y.lane[i], z.lane[i]));
}
EMARS_INLINE Lanes fnma(const Lanes& x, const Lanes& y, const Lanes& z) {
  EMARS_EACH(__builtin_fmaf(-x.lane[i], y.lane[i], z.lane[i]));
}
EMARS_INLINE float relu6Lane(float x) {
  const float positive = x > 0.0f ? x : 0.0f;
  return positive < 6.0f ? positive : 6.0f;
}
EMARS_INLINE Lanes relu6(const Lanes& x) { EMARS_EACH(relu6Lane(x.lane[i])); }
EMARS_INLINE Lanes whereLinear(const Lanes& y, const Lanes& x) {
  EMARS_EACH(y.lane[i] > 0.0f && y.lane[i] < 6.0f ? x.lane[i] : 0.0f);
}
#undef EMARS_EACH

}  // namespace EMARS_NAMESPACE

#endif

namespace EMARS_NAMESPACE {

/** How much of a tile fits into the registers. Choices of speed: no result depends on them. */
#if defined(EMARS_AVX512)
constexpr int PRODUCT_ROWS = 8, PRODUCT_BLOCKS = 3, ROW_TILE = 16, FILTER_ROWS = 3, FILTER_COLUMNS = 7;
constexpr int STEM_TAPS = 9;
#elif defined(EMARS_AVX2)
constexpr int PRODUCT_ROWS = 4, PRODUCT_BLOCKS = 1, ROW_TILE = 6, FILTER_ROWS = 1, FILTER_COLUMNS = 5;
constexpr int STEM_TAPS = 3;
#else
constexpr int PRODUCT_ROWS = 4, PRODUCT_BLOCKS = 1, ROW_TILE = 4, FILTER_ROWS = 1, FILTER_COLUMNS = 4;
constexpr int STEM_TAPS = 3;
#endif

EMARS_INLINE Lanes none() { return same(0.0f); }

/** The first `count` of 16 lanes, the others 0. */
EMARS_INLINE Lanes loadSome(const float* from, int count) {
  if (count >= LANES) return load(from);
  float all[LANES] = {};
  for (int i = 0; i < count; i++) all[i] = from[i];
  return load(all);
}

EMARS_INLINE void storeSome(float* to, Lanes x, int count) {
  if (count >= LANES) return store(to, x);
  float all[LANES];
  store(all, x);
  for (int i = 0; i < count; i++) to[i] = all[i];
}

}  // namespace EMARS_NAMESPACE
