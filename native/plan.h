/**
 * What is to be computed, as plain data: the layers of a path with the places of their numbers in the
 * flat vectors. Written by src/kernels/plan.ts, checked by addon.cc, read by the kernels.
 */
#pragma once
#include <cstdint>

/** Convolution without bias → batch norm → perhaps ReLU6. Offsets count floats. */
struct Unit {
  int32_t inputs, outputs, kernel, stride, relu6;
  /** In the parameters: weight, gamma, beta. */
  int32_t weight, gamma, beta;
  /** In the gradient. */
  int32_t weightGradient, gammaGradient, betaGradient;
  /** In the path's statistics. */
  int32_t mean, variance;
};

enum class StageKind : int32_t { stem = 0, pointwise = 1, block = 2 };

/** A stem or a pointwise unit alone; or a mobile block of two or three units, which adds its input. */
struct Stage {
  StageKind kind;
  int32_t firstUnit, units;
};

struct Classifier {
  int32_t inputs, outputs, weight, bias, weightGradient, biasGradient;
};

struct Plan {
  const Stage* stages;
  int32_t stageCount;
  const Unit* units;
  int32_t unitCount;
  Classifier classifier;
  int32_t parameterCount, gradientCount, statisticCount;
};

/** Images `[scans][depth][height][width]`. */
struct Images {
  const float* values;
  long scans, depth, height, width;
};

/** Cross-entropy's other side, and dropout: targets `[scans][classes]`, weights `[scans]`, mask or null.
 */
struct Loss {
  const float* targets;
  const float* weights;
  const float* mask;
};

struct Workspace;

/** Tensors of a flat vector: offset and size of each, one after the other, in floats. */
struct Spans {
  const int32_t* words;
  long count;
  long offset(long tensor) const { return words[2 * tensor]; }
  long size(long tensor) const { return words[2 * tensor + 1]; }
};

/** A slot's gradient: its tensors, ascending, their values one after the other, and its weight. */
struct SlotValues {
  const int32_t* tensors;
  long tensorCount;
  const float* values;
  double weight;
};

/** A step's gradient, valid in the tensors that are marked with 1. */
struct Touched {
  const uint8_t* touched;
  const float* values;
};

struct SgdRates {
  double learningRate, momentum, weightDecay;
};

struct AdamRates {
  double weightDecay, beta1, beta2, epsilon;
  /** For each tensor: the learning rate and the scale of the second moment, corrected for its steps. */
  const double* rateAndScale;
};

/** The computations of one instruction set. */
struct Kernels {
  /** Gradient `[gradientCount]` and batch statistics `[statisticCount]`; returns the loss. */
  double (*gradient)(const Plan&, const float* parameters, const Images&, const Loss&, float* gradient,
                     float* statistics, const Workspace&);
  /** Logits `[scans][classes]` by the batch's own statistics, which are written; null: none are wanted.
   */
  void (*batchForward)(const Plan&, const float* parameters, const Images&, float* statistics,
                       float* logits, const Workspace&);
  /** Logits `[scans][classes]` by given statistics. */
  void (*fixedForward)(const Plan&, const float* parameters, const Images&, const float* statistics,
                       float* logits, const Workspace&);
  /** Adds a slot to the sum of a step, and marks its tensors. */
  void (*addSlot)(const Spans&, const SlotValues&, float* sum, uint8_t* touched);
  /** Divides the marked tensors, each by its divisor. */
  void (*divide)(const Spans&, const uint8_t* touched, const double* divisors, float* sum);
  void (*sgd)(const Spans&, const Touched&, const SgdRates&, float* weights, float* velocity);
  void (*adam)(const Spans&, const Touched&, const AdamRates&, float* weights, float* first,
               float* second);
};

const Kernels& plainKernels();
#if defined(__x86_64__)
const Kernels& avx2Kernels();
const Kernels& avx512Kernels();
#endif
