/** Slices brought to another size, with the arithmetic of src/scan/store/resample.ts: the same bits. */
#pragma once
#include <cstdint>

/** What makes the outputs along one axis: runs of inputs, and the weight of each. */
struct Taps {
  const int32_t* first;
  const int32_t* count;
  /** One after the other, run after run. */
  const double* weights;
  long outputs;
};

struct Reduction {
  Taps columns;
  Taps rows;
  long width;
  /** `[rows needed][columns.outputs]`, scratch. */
  double* narrow;
  /** `[rows.outputs][columns.outputs]`. */
  float* out;
};

/** What is wrong with taps for so many inputs, in words; null if nothing is. */
const char* problemOf(const Taps& taps, long weights, long inputs);

/** `table` says what a stored value means. */
void reduceBytes(const Reduction& reduction, const uint8_t* slice, const float* table);
void reduceWords(const Reduction& reduction, const uint16_t* slice, const float* table);
void reduceFloats(const Reduction& reduction, const float* slice);
