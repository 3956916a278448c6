#include "check.h"

namespace {

constexpr int32_t MOST_CHANNELS = 1 << 18;
constexpr int32_t LARGEST_KERNEL = 63;
constexpr long LARGEST_EXTENT = 1 << 14;
/** Floats of one feature map: 64 GiB. */
constexpr double MOST_FLOATS = 1.7e10;

bool within(int32_t offset, long count, int32_t limit) {
  return offset >= 0 && static_cast<long>(offset) + count <= static_cast<long>(limit);
}

/** Floats of a unit's weight. */
long weightOf(const Unit& unit, bool depthwise) {
  const long taps = static_cast<long>(unit.kernel) * unit.kernel * unit.kernel;
  return taps * unit.inputs * (depthwise ? 1 : static_cast<long>(unit.outputs));
}

bool placed(const Plan& plan, const Unit& unit, bool depthwise) {
  const long weight = weightOf(unit, depthwise);
  return within(unit.weight, weight, plan.parameterCount) &&
         within(unit.gamma, unit.outputs, plan.parameterCount) &&
         within(unit.beta, unit.outputs, plan.parameterCount) &&
         within(unit.weightGradient, weight, plan.gradientCount) &&
         within(unit.gammaGradient, unit.outputs, plan.gradientCount) &&
         within(unit.betaGradient, unit.outputs, plan.gradientCount) &&
         within(unit.mean, unit.outputs, plan.statisticCount) &&
         within(unit.variance, unit.outputs, plan.statisticCount);
}

bool sane(const Unit& unit) {
  return unit.inputs > 0 && unit.inputs <= MOST_CHANNELS && unit.outputs > 0 &&
         unit.outputs <= MOST_CHANNELS && unit.kernel > 0 && unit.kernel <= LARGEST_KERNEL &&
         unit.kernel % 2 == 1 && unit.stride > 0 && unit.stride <= LARGEST_KERNEL &&
         (unit.relu6 == 0 || unit.relu6 == 1);
}

/** A mobile block: perhaps an expansion, a depthwise convolution, a projection back to `channels`. */
bool blockFits(const Unit* units, int count, int32_t channels) {
  if (count != 2 && count != 3) return false;
  const Unit &filter = units[count - 2], &project = units[count - 1];
  const bool expanded =
      count == 2 || (units[0].inputs == channels && units[0].outputs == filter.inputs &&
                     units[0].kernel == 1 && units[0].stride == 1 && units[0].relu6 == 1);
  return expanded && (count == 3 || filter.inputs == channels) && filter.inputs == filter.outputs &&
         filter.stride == 1 && filter.relu6 == 1 && project.inputs == filter.outputs &&
         project.outputs == channels && project.kernel == 1 && project.stride == 1 && project.relu6 == 0;
}

}  // namespace

std::string problemOf(const Plan& plan, const Images& images) {
  for (const long extent : {images.scans, images.depth, images.height, images.width})
    if (extent < 1 || extent > LARGEST_EXTENT) return "an extent of the images is out of range";
  if (plan.stageCount < 2) return "a plan has a stem and at least one more stage";
  double positions = static_cast<double>(images.scans) * images.depth * images.height * images.width;
  if (positions > MOST_FLOATS) return "the images are too large";
  int32_t channels = 1, next = 0;
  for (int i = 0; i < plan.stageCount; i++) {
    const Stage& stage = plan.stages[i];
    if (stage.firstUnit != next || stage.units < 1 || stage.units > 3 ||
        stage.units > plan.unitCount - next)
      return "a stage's units are not those that follow";
    const Unit* units = plan.units + next;
    next += stage.units;
    for (int j = 0; j < stage.units; j++) {
      if (!sane(units[j])) return "a unit's numbers are out of range";
      if (!placed(plan, units[j], stage.kind == StageKind::block && j == stage.units - 2))
        return "a unit's tensors lie outside of the vectors";
      if (positions * units[j].outputs > MOST_FLOATS) return "a feature map would be too large";
    }
    const bool first = i == 0;
    switch (stage.kind) {
      case StageKind::stem:
        if (!first || stage.units != 1 || units[0].inputs != 1)
          return "the stem comes first and has one input";
        break;
      case StageKind::pointwise:
        if (first || stage.units != 1 || units[0].inputs != channels || units[0].kernel != 1)
          return "a pointwise unit does not fit what is before it";
        break;
      case StageKind::block:
        if (first || !blockFits(units, stage.units, channels))
          return "a block does not fit what is before it";
        break;
      default:
        return "a stage is of no known kind";
    }
    channels = units[stage.units - 1].outputs;
  }
  const Classifier& head = plan.classifier;
  if (next != plan.unitCount || head.inputs != channels || head.outputs < 1 ||
      head.outputs > MOST_CHANNELS)
    return "the classifier does not fit what is before it";
  const long weight = static_cast<long>(head.inputs) * head.outputs;
  if (!within(head.weight, weight, plan.parameterCount) ||
      !within(head.bias, head.outputs, plan.parameterCount) ||
      !within(head.weightGradient, weight, plan.gradientCount) ||
      !within(head.biasGradient, head.outputs, plan.gradientCount))
    return "the classifier's tensors lie outside of the vectors";
  return "";
}
