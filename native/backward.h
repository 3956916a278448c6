/**
 * The backward pass of a path, stage by stage from the last: gradients of weights into one flat vector,
 * the gradient of the maps in place where shapes allow.
 */
#pragma once
#include "forward.h"

namespace EMARS_NAMESPACE {

class BackwardPass {
 public:
  BackwardPass(const Plan& plan, const float* parameters, const StageRecord* records, float* gradient,
               const Workspace& workspace)
      : plan_(plan),
        parameters_(parameters),
        records_(records),
        gradient_(gradient),
        pool_(workspace.pool) {
    Arena& arena = workspace.arena;
    long outputs = 0, hidden = 0, weights = 0, stemBlocks = 0, positions = 0;
    for (int i = 0; i < plan.stageCount; i++) {
      const Stage& stage = plan.stages[i];
      raise(outputs, records[i].output.floats());
      for (int j = 0; j < stage.units; j++) {
        const UnitRecord& record = records[i].units[j];
        const Unit& unit = *record.unit;
        const long cube = static_cast<long>(unit.kernel) * unit.kernel * unit.kernel * LANES;
        raise(hidden, record.raw.floats());
        raise(taps_, cube);
        raise(positions, record.raw.volume.positions());
        raise(weights, blocksOf(unit.inputs) * LANES * blocksOf(unit.outputs) * LANES);
        if (stage.kind == StageKind::block)
          raise(padded_, PaddedRows::floats(record.raw.volume, unit.kernel / 2));
        if (stage.kind == StageKind::stem) raise(stemBlocks, blocksOf(unit.outputs));
      }
    }
    const long threads = pool_.threads();
    filtered_ = positions * LANES;
    upstream_ = arena.floats(outputs);
    next_ = arena.floats(outputs);
    raw_ = arena.floats(hidden);
    hidden_ = arena.floats(hidden);
    weights_ = arena.floats(weights);
    kernels_ = arena.floats(taps_ * (stemBlocks > threads ? stemBlocks : threads));
    own_ = arena.floats(threads * (2 * padded_ + filtered_));
  }

  /** Where the caller puts the gradient of the last feature map. */
  float* upstream() const { return upstream_; }

  void run() {
    for (int i = plan_.stageCount - 1; i >= 0; i--) {
      const StageRecord& record = records_[i];
      switch (plan_.stages[i].kind) {
        case StageKind::stem:
          stem(record);
          break;
        case StageKind::pointwise:
          pointwise(record);
          break;
        case StageKind::block:
          block(record, plan_.stages[i].units);
          break;
      }
    }
  }

 private:
  static void raise(long& most, long value) {
    if (value > most) most = value;
  }

  void storeSums(const Unit& unit, long block, const NormGradient& sums) {
    const int lanes = lanesIn(unit.outputs, block);
    storeSome(gradient_ + unit.gammaGradient + block * LANES, sums.gamma, lanes);
    storeSome(gradient_ + unit.betaGradient + block * LANES, sums.beta, lanes);
  }

  /** The gradient of a convolution's output `to` from that behind its batch norm, one block of channels.
   */
  template <bool RELU6>
  void normBlock(const UnitRecord& record, long block, const float* upstream, float* to) {
    const NormState& state = record.states[block];
    const float* x = record.raw.block(block);
    const long positions = record.raw.volume.positions();
    const NormGradient sums = normGradient<RELU6>(state, x, upstream, positions);
    storeSums(*record.unit, block, sums);
    const InputGradient gradient(state, sums, positions);
    for (long p = 0; p < positions * LANES; p += LANES) {
      const Lanes value = load(x + p);
      store(to + p, gradient.at(value, throughActivation<RELU6>(state, value, load(upstream + p))));
    }
  }

  void normBackward(const UnitRecord& record, const float* upstream, float* to) {
    const long step = record.raw.volume.positions() * LANES;
    pool_.each(blocksOf(record.unit->outputs), [&](long block, int) {
      if (record.unit->relu6 != 0)
        normBlock<true>(record, block, upstream + block * step, to + block * step);
      else
        normBlock<false>(record, block, upstream + block * step, to + block * step);
    });
  }

  /** The weights' gradient of a pointwise unit from that of its convolution's output. */
  void weightGradient(const UnitRecord& record, const float* raw) {
    const Unit& unit = *record.unit;
    const long positions = record.input.volume.positions(), block = positions * LANES;
    const long blocks = blocksOf(unit.outputs);
    const bool whole = unit.outputs % LANES == 0;
    float* rows = whole ? gradient_ + unit.weightGradient : weights_;
    multiplyMatrices({record.input.data, block, true}, {raw, block}, {rows, LANES, blocks * LANES},
                     {unit.inputs, blocks, positions}, false, pool_);
    if (!whole) unpackRows(weights_, unit.inputs, unit.outputs, gradient_ + unit.weightGradient);
  }

  /** The gradient of a pointwise unit's input, written to `to` or added to it. */
  void inputGradient(const UnitRecord& record, const float* raw, float* to, bool accumulate) {
    const Unit& unit = *record.unit;
    const long positions = record.input.volume.positions(), block = positions * LANES;
    packTransposed(parameters_ + unit.weight, unit.inputs, unit.outputs, weights_, pool_);
    multiplyMatrices({raw, block, false}, {weights_, unit.outputs * static_cast<long>(LANES)},
                     {to, block, LANES}, {positions, blocksOf(unit.inputs), unit.outputs}, accumulate,
                     pool_);
  }

  void pointwise(const StageRecord& record) {
    const UnitRecord& unit = record.units[0];
    normBackward(unit, upstream_, raw_);
    weightGradient(unit, raw_);
    if (unit.unit->stride == 1) {
      inputGradient(unit, raw_, upstream_, false);
      return;
    }
    inputGradient(unit, raw_, hidden_, false);
    spread(unit, record.input);
    swap();
  }

  /** The gradient of the sampled positions, to a map that is 0 elsewhere. */
  void spread(const UnitRecord& record, const FeatureMap& input) {
    const long stride = record.unit->stride;
    const Volume &from = record.input.volume, &to = input.volume;
    pool_.each(blocksOf(input.channels), [&](long block, int) {
      std::memset(next_ + block * to.positions() * LANES, 0, to.positions() * LANES * sizeof(float));
      const float* source = hidden_ + block * from.positions() * LANES;
      for (long d = 0; d < from.depth; d++)
        for (long n = 0; n < from.scans; n++)
          for (long h = 0; h < from.height; h++) {
            float* row = next_ + (block * to.positions() +
                                  ((d * stride * to.scans + n) * to.height + h * stride) * to.width) *
                                     LANES;
            for (long w = 0; w < from.width; w++, source += LANES)
              store(row + w * stride * LANES, load(source));
          }
    });
  }

  void swap() {
    float* held = upstream_;
    upstream_ = next_;
    next_ = held;
  }

  void block(const StageRecord& record, int count) {
    const bool expanded = count == 3;
    const UnitRecord &middle = record.units[count - 2], &project = record.units[count - 1];
    normBackward(project, upstream_, raw_);
    weightGradient(project, raw_);
    inputGradient(project, raw_, hidden_, false);
    const long padding = middle.unit->kernel / 2;
    const Volume& v = middle.raw.volume;
    pool_.each(pool_.threads(), [&](long thread, int) {
      const FilterSpace space = filterSpace(v, padding, thread);
      space.input.clear(v);
      space.upstream.clear(v);
    });
    pool_.each(blocksOf(middle.unit->outputs), [&](long index, int thread) {
      filterBlock(expanded ? &record.units[0] : nullptr, middle, index, filterSpace(v, padding, thread));
    });
    if (!expanded) return;
    weightGradient(record.units[0], hidden_);
    inputGradient(record.units[0], hidden_, upstream_, true);
  }

  /** Of a thread, for the block of channels at hand. */
  struct FilterSpace {
    PaddedRows input, upstream;
    float *taps, *filtered;
  };

  FilterSpace filterSpace(const Volume& v, long padding, long thread) const {
    float* own = own_ + thread * (2 * padded_ + filtered_);
    return {{own, v.width, padding},
            {own + padded_, v.width, padding},
            kernels_ + thread * taps_,
            own + 2 * padded_};
  }

  /**
   * One block of channels from the gradient of the projection's input to that of the expansion's
   * product, in place; without an expansion it is added to the stage's gradient.
   */
  void filterBlock(const UnitRecord* expansion, const UnitRecord& middle, long index,
                   const FilterSpace& space) {
    const auto& [input, upstream, kernel, filtered] = space;
    const Unit& unit = *middle.unit;
    const Volume& v = middle.raw.volume;
    const long positions = v.positions(), rows = v.depth * v.scans * v.height;
    const long taps = static_cast<long>(unit.kernel) * unit.kernel * unit.kernel;
    float* here = hidden_ + index * positions * LANES;
    const NormState& state = middle.states[index];
    const float* x = middle.raw.block(index);
    const NormGradient sums = normGradient<true>(state, x, here, positions);
    storeSums(unit, index, sums);
    const InputGradient gradient(state, sums, positions);
    const float* before = middle.input.block(index);
    long p = 0;
    for (long row = 0; row < rows; row++) {
      float *to = upstream.row(row), *from = input.row(row);
      for (long w = 0; w < v.width * LANES; w += LANES, p += LANES) {
        const Lanes value = load(x + p);
        store(to + w, gradient.at(value, throughActivation<true>(state, value, load(here + p))));
        // What the convolution saw is made again rather than kept.
        const Lanes seen = load(before + p);
        store(from + w,
              expansion == nullptr ? seen : applied<true>(expansion->states[index].affine, seen));
      }
    }
    depthwiseFilterGradient(v, input, upstream, unit.kernel, kernel);
    unpackTaps(kernel, taps, unit.outputs, index, gradient_ + unit.weightGradient);
    packTaps(parameters_ + unit.weight, taps, unit.outputs, index, true, kernel);
    depthwise(v, upstream, kernel, unit.kernel, filtered);
    if (expansion != nullptr) {
      normBlock<true>(*expansion, index, filtered, here);
      return;
    }
    float* sum = upstream_ + index * positions * LANES;
    for (p = 0; p < positions * LANES; p += LANES)
      store(sum + p, add(load(sum + p), load(filtered + p)));
  }

  void stem(const StageRecord& record) {
    const UnitRecord& unit = record.units[0];
    const long taps = static_cast<long>(unit.unit->kernel) * unit.unit->kernel * unit.unit->kernel;
    const long step = unit.raw.volume.positions() * LANES, blocks = blocksOf(unit.unit->outputs);
    normBackward(unit, upstream_, raw_);
    const Cut cut(taps, STEM_TAPS, taps);
    pool_.each(blocks * cut.parts, [&](long item, int) {
      const long block = item / cut.parts;
      stemFilterGradient(*record.images, unit.raw.volume, raw_ + block * step,
                         cut.first(item % cut.parts), kernels_ + block * taps_);
    });
    for (long block = 0; block < blocks; block++)
      unpackTaps(kernels_ + block * taps_, taps, unit.unit->outputs, block,
                 gradient_ + unit.unit->weightGradient);
  }

  const Plan& plan_;
  const float* parameters_;
  const StageRecord* records_;
  float* gradient_;
  Pool& pool_;
  /** `kernels_`: of a block of channels, one a thread or a block of the stem. `own_`: `filterSpace`. */
  float *upstream_, *next_, *raw_, *hidden_, *weights_, *kernels_, *own_;
  /** Floats of a block of channels: of its largest kernel, of its rows, of its positions. */
  long taps_ = 0, padded_ = 0, filtered_;
};

}  // namespace EMARS_NAMESPACE
