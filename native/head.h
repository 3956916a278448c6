/**
 * Behind the last feature map: global average pooling, dropout by a given mask, the classifier, and the
 * weighted cross-entropy. A handful of numbers, so all of it is in double; exp and log are written out,
 * since those of a C library differ by library and processor.
 */
#pragma once
#include "normalise.h"
#include "plan.h"
#include "records.h"

namespace EMARS_NAMESPACE {

/** e^x for x <= 0, to a unit in the last place or two; 0 below -700. */
inline double exponential(double x) {
  if (!(x > -700.0)) return x == x ? 0.0 : x;
  const double scaled = x * 1.4426950408889634;
  const int power = static_cast<int>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
  // ln 2 in two parts: the first has zeros at its end, so that the difference is exact.
  const double rest = (x - power * 6.93147180369123816490e-01) - power * 1.90821492927058770002e-10;
  double series = 1.0;
  for (int i = 17; i > 0; i--) series = 1.0 + series * rest / i;
  return __builtin_ldexp(series, power);
}

/** ln x for x >= 1. */
inline double logarithm(double x) {
  if (!(x < 1e300)) return x;
  int power = 0;
  while (x > 1.4142135623730951) {
    x *= 0.5;
    power++;
  }
  // ln x = 2 artanh((x - 1) / (x + 1)), and |(x - 1) / (x + 1)| < 0.172.
  const double ratio = (x - 1.0) / (x + 1.0), square = ratio * ratio;
  double series = 0.0;
  for (int i = 25; i > 0; i -= 2) series = 1.0 / i + series * square;
  return power * 0.69314718055994530942 + 2.0 * ratio * series;
}

class Head {
 public:
  Head(const Plan& plan, const float* parameters, const FeatureMap& map, const float* mask, Arena& arena)
      : head_(plan.classifier), parameters_(parameters), map_(map), mask_(mask) {
    pooled_ = arena.floats(map.volume.scans * blocksOf(head_.inputs) * LANES);
    scores_ = reinterpret_cast<double*>(arena.floats(2 * map.volume.scans * head_.outputs));
    pool();
    classify();
  }

  void logits(float* to) const {
    for (long i = 0; i < map_.volume.scans * head_.outputs; i++) to[i] = static_cast<float>(scores_[i]);
  }

  /** The loss; the scores become its gradient by them. */
  double loss(const Loss& loss) {
    double total = 0.0;
    for (long n = 0; n < map_.volume.scans; n++) {
      double* scores = scores_ + n * head_.outputs;
      const float* targets = loss.targets + n * head_.outputs;
      double largest = scores[0];
      for (int c = 1; c < head_.outputs; c++)
        if (scores[c] > largest) largest = scores[c];
      double sum = 0.0;
      for (int c = 0; c < head_.outputs; c++) sum += exponential(scores[c] - largest);
      const double normaliser = logarithm(sum) + largest;
      for (int c = 0; c < head_.outputs; c++) {
        total += loss.weights[n] * (targets[c] * (normaliser - scores[c]));
        scores[c] = loss.weights[n] * (exponential(scores[c] - largest) / sum - targets[c]);
      }
    }
    return total;
  }

  /** Gradients of the classifier into `gradient`, of the last map into `upstream`, after `loss`. */
  void backward(float* gradient, float* upstream) const {
    const Volume& v = map_.volume;
    for (int c = 0; c < head_.outputs; c++) {
      double sum = 0.0;
      for (long n = 0; n < v.scans; n++) sum += scores_[n * head_.outputs + c];
      gradient[head_.biasGradient + c] = static_cast<float>(sum);
    }
    const double share = 1.0 / static_cast<double>(v.depth * v.height * v.width);
    for (long block = 0; block < blocksOf(head_.inputs); block++) {
      const int lanes = lanesIn(head_.inputs, block);
      for (int lane = 0; lane < lanes; lane++) weightGradient(block * LANES + lane, gradient);
      for (long n = 0; n < v.scans; n++) {
        float values[LANES] = {};
        for (int lane = 0; lane < lanes; lane++)
          values[lane] = featureGradient(n, block * LANES + lane, share);
        fill(upstream + block * v.positions() * LANES, n, load(values));
      }
    }
  }

 private:
  /** Means over a scan's positions, summed in float by rows and in double beyond. */
  void pool() {
    const Volume& v = map_.volume;
    for (long block = 0; block < blocksOf(head_.inputs); block++)
      for (long n = 0; n < v.scans; n++) {
        Totals total;
        for (long d = 0; d < v.depth; d++)
          for (long h = 0; h < v.height; h++) {
            const float* row = map_.block(block) + ((d * v.scans + n) * v.height + h) * v.width * LANES;
            Lanes sum = none();
            for (long w = 0; w < v.width; w++) sum = add(sum, load(row + w * LANES));
            total.add(sum);
          }
        store(pooled(n) + block * LANES, total.over(static_cast<double>(v.depth * v.height * v.width)));
      }
  }

  float* pooled(long scan) const { return pooled_ + scan * blocksOf(head_.inputs) * LANES; }

  double masked(long scan, long feature) const {
    const double value = pooled(scan)[feature];
    return mask_ == nullptr ? value : value * mask_[scan * head_.inputs + feature];
  }

  void classify() {
    for (long n = 0; n < map_.volume.scans; n++)
      for (int c = 0; c < head_.outputs; c++) {
        double sum = 0.0;
        for (long f = 0; f < head_.inputs; f++)
          sum += masked(n, f) * static_cast<double>(parameters_[head_.weight + f * head_.outputs + c]);
        scores_[n * head_.outputs + c] = sum + static_cast<double>(parameters_[head_.bias + c]);
      }
  }

  void weightGradient(long feature, float* gradient) const {
    for (int c = 0; c < head_.outputs; c++) {
      double sum = 0.0;
      for (long n = 0; n < map_.volume.scans; n++)
        sum += masked(n, feature) * scores_[n * head_.outputs + c];
      gradient[head_.weightGradient + feature * head_.outputs + c] = static_cast<float>(sum);
    }
  }

  float featureGradient(long scan, long feature, double share) const {
    double sum = 0.0;
    for (int c = 0; c < head_.outputs; c++)
      sum += scores_[scan * head_.outputs + c] *
             static_cast<double>(parameters_[head_.weight + feature * head_.outputs + c]);
    const double dropout = mask_ == nullptr ? 1.0 : mask_[scan * head_.inputs + feature];
    return static_cast<float>(sum * dropout * share);
  }

  void fill(float* block, long scan, Lanes value) const {
    const Volume& v = map_.volume;
    for (long d = 0; d < v.depth; d++) {
      float* plane = block + (d * v.scans + scan) * v.height * v.width * LANES;
      for (long p = 0; p < v.height * v.width * LANES; p += LANES) store(plane + p, value);
    }
  }

  const Classifier head_;
  const float* parameters_;
  const FeatureMap map_;
  const float* mask_;
  float* pooled_;
  double* scores_;
};

}  // namespace EMARS_NAMESPACE
