/**
 * A step of the weights: the sum of the slots' gradients, SGD and Adam, over flat vectors of which each
 * tensor is a span. Storage is float, arithmetic double, in the order of src/gradient/sum.ts and
 * src/training/optimizer.ts, so that the bits are theirs. A number never meets its neighbours, so vectors
 * of any width give the same.
 */
#pragma once
#include <cmath>

#include "plan.h"

namespace EMARS_NAMESPACE {

/** sum = weight·values over the slot's tensors, or sum += where a slot before touched one. */
inline void addSlotOf(const Spans& spans, const SlotValues& slot, float* sum, uint8_t* touched) {
  const double weight = slot.weight;
  const float* __restrict from = slot.values;
  for (long i = 0; i < slot.tensorCount; i++) {
    const int32_t tensor = slot.tensors[i];
    const long size = spans.size(tensor);
    float* __restrict to = sum + spans.offset(tensor);
    if (touched[tensor] == 0) {
      for (long at = 0; at < size; at++) to[at] = static_cast<float>(weight * static_cast<double>(from[at]));
    } else {
      for (long at = 0; at < size; at++) {
        const float part = static_cast<float>(weight * static_cast<double>(from[at]));
        to[at] = static_cast<float>(static_cast<double>(to[at]) + static_cast<double>(part));
      }
    }
    touched[tensor] = 1;
    from += size;
  }
}

inline void divideOf(const Spans& spans, const uint8_t* touched, const double* divisors, float* sum) {
  for (long tensor = 0; tensor < spans.count; tensor++) {
    if (touched[tensor] == 0) continue;
    const double divisor = divisors[tensor];
    float* values = sum + spans.offset(tensor);
    for (long i = 0; i < spans.size(tensor); i++)
      values[i] = static_cast<float>(static_cast<double>(values[i]) / divisor);
  }
}

inline void sgdOf(const Spans& spans, const Touched& gradient, const SgdRates& rates, float* weights,
                  float* velocity) {
  for (long tensor = 0; tensor < spans.count; tensor++) {
    if (gradient.touched[tensor] == 0) continue;
    const long offset = spans.offset(tensor), size = spans.size(tensor);
    const float* __restrict g = gradient.values + offset;
    float *__restrict w = weights + offset, *__restrict v = velocity + offset;
    for (long i = 0; i < size; i++) {
      const double weight = static_cast<double>(w[i]);
      const float moved = static_cast<float>(rates.momentum * static_cast<double>(v[i]) +
                                             static_cast<double>(g[i]) + rates.weightDecay * weight);
      v[i] = moved;
      w[i] = static_cast<float>(weight - rates.learningRate * static_cast<double>(moved));
    }
  }
}

inline void adamOf(const Spans& spans, const Touched& gradient, const AdamRates& rates, float* weights,
                   float* first, float* second) {
  for (long tensor = 0; tensor < spans.count; tensor++) {
    if (gradient.touched[tensor] == 0) continue;
    const long offset = spans.offset(tensor), size = spans.size(tensor);
    const double rate = rates.rateAndScale[2 * tensor], scale = rates.rateAndScale[2 * tensor + 1];
    const double rest1 = 1 - rates.beta1, rest2 = 1 - rates.beta2;
    const float* __restrict values = gradient.values + offset;
    float *__restrict w = weights + offset, *__restrict m = first + offset, *__restrict v = second + offset;
    for (long i = 0; i < size; i++) {
      const double weight = static_cast<double>(w[i]);
      const double g = static_cast<double>(values[i]) + rates.weightDecay * weight;
      const double mean = rates.beta1 * static_cast<double>(m[i]) + rest1 * g;
      const double square = rates.beta2 * static_cast<double>(v[i]) + rest2 * g * g;
      m[i] = static_cast<float>(mean);
      v[i] = static_cast<float>(square);
      w[i] = static_cast<float>(weight - rate * mean / (std::sqrt(square * scale) + rates.epsilon));
    }
  }
}

}  // namespace EMARS_NAMESPACE
