/**
 * The computations of one instruction set. Compiled once for each: -DEMARS_AVX512, -DEMARS_AVX2 or
 * neither, with EMARS_NAMESPACE to keep the three apart.
 */
#include "backward.h"
#include "forward.h"
#include "head.h"
#include "updates.h"

namespace EMARS_NAMESPACE {
namespace {

double gradientOf(const Plan& plan, const float* parameters, const Images& images, const Loss& loss,
                  float* gradient, float* statistics, const Workspace& workspace) {
  Arena& arena = workspace.arena;
  arena.reset();
  auto* records = reinterpret_cast<StageRecord*>(
      arena.floats(plan.stageCount * static_cast<long>(sizeof(StageRecord) / sizeof(float) + 1)));
  Space space(workspace, true);
  ForwardPass forward(plan, parameters, {statistics, nullptr}, space);
  const FeatureMap last = forward.run(images, records);
  Head head(plan, parameters, last, loss.mask, arena);
  const double result = head.loss(loss);
  BackwardPass backward(plan, parameters, records, gradient, workspace);
  head.backward(gradient, backward.upstream());
  backward.run();
  return result;
}

void forwardOf(const Plan& plan, const float* parameters, const Images& images,
               const Statistics& statistics, float* logits, const Workspace& workspace) {
  Arena& arena = workspace.arena;
  arena.reset();
  Space space(workspace, false);
  ForwardPass forward(plan, parameters, statistics, space);
  const FeatureMap last = forward.run(images, nullptr);
  if (logits != nullptr) Head(plan, parameters, last, nullptr, arena).logits(logits);
}

void batchForwardOf(const Plan& plan, const float* parameters, const Images& images, float* statistics,
                    float* logits, const Workspace& workspace) {
  forwardOf(plan, parameters, images, {statistics, nullptr}, logits, workspace);
}

void fixedForwardOf(const Plan& plan, const float* parameters, const Images& images,
                    const float* statistics, float* logits, const Workspace& workspace) {
  forwardOf(plan, parameters, images, {nullptr, statistics}, logits, workspace);
}

const Kernels KERNELS{gradientOf, batchForwardOf, fixedForwardOf, addSlotOf, divideOf, sgdOf, adamOf};

}  // namespace
}  // namespace EMARS_NAMESPACE

const Kernels& EMARS_ENTRY() { return EMARS_NAMESPACE::KERNELS; }
