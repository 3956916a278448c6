#include "reduce.h"

#include <algorithm>

namespace {

/** Whether all weights of an axis are the same. */
bool areEqual(const Taps& taps) {
  long total = 0;
  for (long i = 0; i < taps.outputs; i++) total += taps.count[i];
  return std::all_of(taps.weights, taps.weights + total,
                     [&](double weight) { return weight == taps.weights[0]; });
}

/** `term(value, weight)`: a product, or what stands for it. Terms are added in their order, from 0 on.
 */
template <typename Value, typename Term>
void narrowRow(const Taps& columns, const Value* row, double* out, Term term) {
  const double* weights = columns.weights;
  for (long x = 0; x < columns.outputs; x++) {
    const Value* const values = row + columns.first[x];
    const int32_t count = columns.count[x];
    double sum = 0;
    for (int32_t k = 0; k < count; k++) sum += term(values[k], weights[k]);
    out[x] = sum;
    weights += count;
  }
}

template <typename Value, typename Term>
void reduce(const Reduction& of, const Value* slice, Term term) {
  const long outputs = of.columns.outputs;
  const double* weights = of.rows.weights;
  // Rows are narrowed when they are first needed; the next output may share the last of them.
  long narrowed = of.rows.first[0];
  const long base = narrowed;
  for (long y = 0; y < of.rows.outputs; y++) {
    const long first = of.rows.first[y], end = first + of.rows.count[y];
    for (narrowed = std::max(narrowed, first); narrowed < end; narrowed++)
      narrowRow(of.columns, slice + narrowed * of.width, of.narrow + (narrowed - base) * outputs, term);
    const double* row = of.narrow + (first - base) * outputs;
    float* const out = of.out + y * outputs;
    constexpr long PIECE = 64;
    for (long from = 0; from < outputs; from += PIECE) {
      const long count = std::min(PIECE, outputs - from);
      double sums[PIECE] = {};
      for (long k = 0; k < of.rows.count[y]; k++)
        for (long x = 0; x < count; x++) sums[x] += row[k * outputs + from + x] * weights[k];
      for (long x = 0; x < count; x++) out[from + x] = static_cast<float>(sums[x]);
    }
    weights += of.rows.count[y];
  }
}

}  // namespace

const char* problemOf(const Taps& taps, long weights, long inputs) {
  long total = 0;
  int32_t before = 0;
  for (long i = 0; i < taps.outputs; i++) {
    const int32_t first = taps.first[i], count = taps.count[i];
    if (first < before || count < 1 || count > inputs || first > inputs - count)
      return "a run outside of the slice";
    before = first;
    total += count;
  }
  return taps.outputs < 1 || total != weights ? "another number of weights" : nullptr;
}

void reduceBytes(const Reduction& of, const uint8_t* slice, const float* table) {
  if (!areEqual(of.columns)) {
    reduce(of, slice, [table](uint8_t value, double weight) { return table[value] * weight; });
    return;
  }
  // Each product is one of 256: the same number, multiplied once.
  double products[256];
  for (int value = 0; value < 256; value++) products[value] = table[value] * of.columns.weights[0];
  reduce(of, slice, [&products](uint8_t value, double) { return products[value]; });
}

void reduceWords(const Reduction& of, const uint16_t* slice, const float* table) {
  reduce(of, slice, [table](uint16_t value, double weight) { return table[value] * weight; });
}

void reduceFloats(const Reduction& of, const float* slice) {
  reduce(of, slice, [](float value, double weight) { return value * weight; });
}
