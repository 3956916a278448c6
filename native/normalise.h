/**
 * Batch norm of one block of 16 channels, with or without ReLU6 behind it. Sums over positions run in
 * four chains of at most 64 terms, whose totals are added in double: their error does not grow with the
 * volume.
 */
#pragma once
#include "lanes.h"

namespace EMARS_NAMESPACE {

/** Added to the variance before the square root (the authors' code). */
constexpr float EPSILON = 1e-3f;

/** Positions summed in float before they go to the double. */
constexpr long SUM_RUN = 256;

/** Sums of sixteen channels. */
struct Totals {
  double lane[LANES] = {};
  EMARS_INLINE void add(Lanes part) {
    float values[LANES];
    store(values, part);
    for (int i = 0; i < LANES; i++) lane[i] += static_cast<double>(values[i]);
  }
  /** The sums divided by `divisor`. */
  EMARS_INLINE Lanes over(double divisor) const {
    float values[LANES];
    for (int i = 0; i < LANES; i++) values[i] = static_cast<float>(lane[i] / divisor);
    return load(values);
  }
};

EMARS_INLINE Lanes fourSum(const Lanes (&chains)[4]) {
  return add(add(chains[0], chains[1]), add(chains[2], chains[3]));
}

/** Mean and biased variance of a channel. */
struct Moments {
  Lanes mean, variance;
};

inline Moments momentsOf(const float* values, long positions) {
  Totals sum;
  for (long from = 0; from < positions; from += SUM_RUN) {
    const long end = from + SUM_RUN < positions ? from + SUM_RUN : positions;
    Lanes chains[4] = {none(), none(), none(), none()};
    long p = from;
    for (; p + 4 <= end; p += 4) {
      EMARS_UNROLL for (int i = 0; i < 4; i++) chains[i] =
          add(chains[i], load(values + (p + i) * LANES));
    }
    for (; p < end; p++) chains[p & 3] = add(chains[p & 3], load(values + p * LANES));
    sum.add(fourSum(chains));
  }
  const Lanes mean = sum.over(static_cast<double>(positions));
  Totals squares;
  for (long from = 0; from < positions; from += SUM_RUN) {
    const long end = from + SUM_RUN < positions ? from + SUM_RUN : positions;
    Lanes chains[4] = {none(), none(), none(), none()};
    long p = from;
    for (; p + 4 <= end; p += 4) {
      EMARS_UNROLL for (int i = 0; i < 4; i++) {
        const Lanes distance = subtract(load(values + (p + i) * LANES), mean);
        chains[i] = fma(distance, distance, chains[i]);
      }
    }
    for (; p < end; p++) {
      const Lanes distance = subtract(load(values + p * LANES), mean);
      chains[p & 3] = fma(distance, distance, chains[p & 3]);
    }
    squares.add(fourSum(chains));
  }
  return {mean, squares.over(static_cast<double>(positions))};
}

/** The variance that running statistics are made of: divided by n - 1, or by n where n = 1. */
inline Lanes unbiased(Lanes variance, long positions) {
  if (positions < 2) return variance;
  return multiply(variance, same(static_cast<float>(static_cast<double>(positions) /
                                                    static_cast<double>(positions - 1))));
}

/** A channel's batch norm as x·scale + shift. */
struct Affine {
  Lanes scale, shift;
};

EMARS_INLINE Lanes inverseDeviation(Lanes variance) {
  return divide(same(1.0f), root(add(variance, same(EPSILON))));
}

EMARS_INLINE Affine affineOf(const Moments& moments, Lanes gamma, Lanes beta) {
  const Lanes scale = multiply(gamma, inverseDeviation(moments.variance));
  return {scale, fnma(moments.mean, scale, beta)};
}

template <bool RELU6>
EMARS_INLINE Lanes applied(const Affine& affine, Lanes x) {
  const Lanes y = fma(x, affine.scale, affine.shift);
  return RELU6 ? relu6(y) : y;
}

/** What the backward pass of a block of channels needs of the forward pass. */
struct NormState {
  Lanes mean, inverse;
  Affine affine;
};

/** Sums of the gradient behind batch norm and activation: of beta, and of gamma. */
struct NormGradient {
  Lanes beta, gamma;
};

/** The gradient that reaches the batch norm's output: `upstream` where the activation is linear. */
template <bool RELU6>
EMARS_INLINE Lanes throughActivation(const NormState& state, Lanes x, Lanes upstream) {
  return RELU6 ? whereLinear(fma(x, state.affine.scale, state.affine.shift), upstream) : upstream;
}

template <bool RELU6>
inline NormGradient normGradient(const NormState& state, const float* x, const float* upstream,
                                 long positions) {
  Totals betas, gammas;
  for (long from = 0; from < positions; from += SUM_RUN) {
    const long end = from + SUM_RUN < positions ? from + SUM_RUN : positions;
    Lanes beta[4] = {none(), none(), none(), none()}, gamma[4] = {none(), none(), none(), none()};
    long p = from;
    for (; p + 4 <= end; p += 4) {
      EMARS_UNROLL for (int i = 0; i < 4; i++) {
        const Lanes value = load(x + (p + i) * LANES);
        const Lanes dy = throughActivation<RELU6>(state, value, load(upstream + (p + i) * LANES));
        beta[i] = add(beta[i], dy);
        gamma[i] = fma(dy, subtract(value, state.mean), gamma[i]);
      }
    }
    for (; p < end; p++) {
      const Lanes value = load(x + p * LANES);
      const Lanes dy = throughActivation<RELU6>(state, value, load(upstream + p * LANES));
      beta[p & 3] = add(beta[p & 3], dy);
      gamma[p & 3] = fma(dy, subtract(value, state.mean), gamma[p & 3]);
    }
    betas.add(fourSum(beta));
    gammas.add(fourSum(gamma));
  }
  return {betas.over(1), multiply(gammas.over(1), state.inverse)};
}

/** The gradient of the batch norm's input at a position, from that of its output. */
struct InputGradient {
  Lanes scale, mean, meanBeta, slope;
  InputGradient(const NormState& state, const NormGradient& sums, long positions)
      : scale(state.affine.scale), mean(state.mean) {
    const Lanes share = same(static_cast<float>(1.0 / static_cast<double>(positions)));
    meanBeta = multiply(sums.beta, share);
    slope = multiply(multiply(sums.gamma, share), state.inverse);
  }
  EMARS_INLINE Lanes at(Lanes x, Lanes dy) const {
    return multiply(scale, fnma(subtract(x, mean), slope, subtract(dy, meanBeta)));
  }
};

}  // namespace EMARS_NAMESPACE
