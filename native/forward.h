/**
 * The forward pass of a path, stage by stage. Between a block's two matrix products everything is per
 * channel, so sixteen channels go through batch norm, depthwise convolution and batch norm while they
 * are in the cache.
 */
#pragma once
#include "depthwise.h"
#include "product.h"
#include "records.h"
#include "weights.h"

namespace EMARS_NAMESPACE {

class ForwardPass {
 public:
  ForwardPass(const Plan& plan, const float* parameters, const Statistics& statistics, Space& space)
      : plan_(plan),
        parameters_(parameters),
        statistics_(statistics),
        space_(space),
        arena_(space.arena()),
        pool_(space.pool()) {
    long packed = 0;
    for (int i = 0; i < plan.unitCount; i++) {
      const Unit& unit = plan.units[i];
      const long floats = unit.kernel > 1 ? 0 : unit.inputs * blocksOf(unit.outputs) * LANES;
      if (floats > packed) packed = floats;
      const long cube = static_cast<long>(unit.kernel) * unit.kernel * unit.kernel * LANES;
      if (cube > taps_) taps_ = cube;
    }
    packed_ = arena_.floats(packed);
    const long stemBlocks = plan.unitCount == 0 ? 0 : blocksOf(plan.units[0].outputs);
    const long kernels = stemBlocks > pool_.threads() ? stemBlocks : pool_.threads();
    kernels_ = arena_.floats(taps_ * kernels);
  }

  /** The last feature map. `records`, one a stage, are filled where the space keeps what it gives. */
  FeatureMap run(const Images& images, StageRecord* records) {
    FeatureMap map{nullptr, {images.depth, images.scans, images.height, images.width}, 1};
    StageRecord passing;
    for (int i = 0; i < plan_.stageCount; i++) {
      const Stage& stage = plan_.stages[i];
      StageRecord& record = records == nullptr ? passing : records[i];
      record.input = map;
      const Unit* units = plan_.units + stage.firstUnit;
      switch (stage.kind) {
        case StageKind::stem:
          map = stem(units[0], images, record);
          break;
        case StageKind::pointwise:
          map = pointwise(units[0], map, record.units[0], nullptr);
          break;
        case StageKind::block:
          map = block(units, stage.units, map, record);
          break;
      }
      record.output = map;
    }
    return map;
  }

 private:
  /** The batch norm of a block of channels: measured, or by the statistics that are given. */
  NormState normOf(const Unit& unit, long block, const float* values, long positions) {
    const int lanes = lanesIn(unit.outputs, block);
    Moments moments;
    if (statistics_.given != nullptr) {
      moments.mean = loadSome(statistics_.given + unit.mean + block * LANES, lanes);
      moments.variance = loadSome(statistics_.given + unit.variance + block * LANES, lanes);
    } else {
      moments = momentsOf(values, positions);
      if (statistics_.batch != nullptr) {
        storeSome(statistics_.batch + unit.mean + block * LANES, moments.mean, lanes);
        storeSome(statistics_.batch + unit.variance + block * LANES,
                  unbiased(moments.variance, positions), lanes);
      }
    }
    const Lanes gamma = loadSome(parameters_ + unit.gamma + block * LANES, lanes);
    const Lanes beta = loadSome(parameters_ + unit.beta + block * LANES, lanes);
    return {moments.mean, inverseDeviation(moments.variance), affineOf(moments, gamma, beta)};
  }

  NormState* statesOf(const Unit& unit) {
    if (!space_.keeps()) return nullptr;
    return reinterpret_cast<NormState*>(
        arena_.floats(blocksOf(unit.outputs) * static_cast<long>(sizeof(NormState) / sizeof(float))));
  }

  /** The other of two places for outputs: a stage's input must live until its output is there. */
  float* output(long floats) {
    other_ = !other_;
    return space_.floats(other_ ? Space::OTHER_OUTPUT : Space::OUTPUT, floats);
  }

  /** Batch norm, activation and perhaps the sum with `residual` over a whole map. */
  void normalise(const UnitRecord& record, float* to, const float* residual) {
    const Unit& unit = *record.unit;
    const long positions = record.raw.volume.positions();
    pool_.each(blocksOf(unit.outputs), [&](long block, int) {
      const float* from = record.raw.block(block);
      const NormState state = normOf(unit, block, from, positions);
      if (record.states != nullptr) record.states[block] = state;
      float* target = to + block * positions * LANES;
      const float* other = residual == nullptr ? nullptr : residual + block * positions * LANES;
      for (long p = 0; p < positions * LANES; p += LANES) {
        Lanes y = fma(load(from + p), state.affine.scale, state.affine.shift);
        if (unit.relu6 != 0) y = relu6(y);
        if (other != nullptr) y = add(load(other + p), y);
        store(target + p, y);
      }
    });
  }

  FeatureMap stem(const Unit& unit, const Images& images, StageRecord& record) {
    PaddedImages padded(images, unit);
    padded.data = arena_.floats(padded.floats(images.scans));
    padded.fill(images, pool_);
    const Volume volume = record.input.volume.strided(unit.stride);
    FeatureMap raw{space_.floats(Space::RAW, floatsOf(volume, unit.outputs)), volume, unit.outputs};
    const long taps = static_cast<long>(unit.kernel) * unit.kernel * unit.kernel;
    const long blocks = blocksOf(unit.outputs), rows = volume.depth * volume.scans * volume.height;
    for (long block = 0; block < blocks; block++)
      packTaps(parameters_ + unit.weight, taps, unit.outputs, block, false, kernels_ + block * taps_);
    const Cut cut(rows, 1, pool_.parts(8));
    pool_.each(blocks * cut.parts, [&](long item, int) {
      const long block = item / cut.parts, part = item % cut.parts;
      stemConvolution(padded, volume, kernels_ + block * taps_, {cut.first(part), cut.end(part, rows)},
                      raw.block(block));
    });
    record.units[0] = {&unit, record.input, raw, statesOf(unit)};
    record.images = nullptr;
    if (space_.keeps()) {
      record.images =
          reinterpret_cast<PaddedImages*>(arena_.floats(sizeof(PaddedImages) / sizeof(float) + 1));
      *record.images = padded;
    }
    FeatureMap result{space_.keeps() ? output(raw.floats()) : raw.data, volume, unit.outputs};
    normalise(record.units[0], result.data, nullptr);
    return result;
  }

  /** The positions that a convolution of this stride sees. */
  FeatureMap sampled(const FeatureMap& map, long stride) {
    if (stride == 1) return map;
    const Volume to = map.volume.strided(stride), &from = map.volume;
    FeatureMap result{space_.floats(Space::SAMPLED, floatsOf(to, map.channels)), to, map.channels};
    pool_.each(blocksOf(map.channels), [&](long block, int) {
      float* target = result.block(block);
      for (long d = 0; d < to.depth; d++)
        for (long n = 0; n < to.scans; n++)
          for (long h = 0; h < to.height; h++) {
            const float* row =
                map.block(block) +
                ((d * stride * from.scans + n) * from.height + h * stride) * from.width * LANES;
            for (long w = 0; w < to.width; w++, target += LANES)
              store(target, load(row + w * stride * LANES));
          }
    });
    return result;
  }

  void product(const Unit& unit, const FeatureMap& input, const FeatureMap& result) {
    packColumns(parameters_ + unit.weight, unit.inputs, unit.outputs, packed_, pool_);
    const long positions = input.volume.positions();
    multiplyMatrices({input.data, positions * LANES, false},
                     {packed_, unit.inputs * static_cast<long>(LANES)},
                     {result.data, positions * LANES, LANES},
                     {positions, blocksOf(unit.outputs), unit.inputs}, false, pool_);
  }

  /** A pointwise unit, its output summed with `residual` where there is one. */
  FeatureMap pointwise(const Unit& unit, const FeatureMap& input, UnitRecord& record,
                       const float* residual) {
    const FeatureMap seen = sampled(input, unit.stride);
    const long floats = floatsOf(seen.volume, unit.outputs);
    FeatureMap raw{space_.keeps() ? space_.floats(Space::RAW, floats) : output(floats), seen.volume,
                   unit.outputs};
    product(unit, seen, raw);
    record = {&unit, seen, raw, statesOf(unit)};
    FeatureMap result{space_.keeps() ? output(floats) : raw.data, seen.volume, unit.outputs};
    normalise(record, result.data, residual);
    return result;
  }

  FeatureMap block(const Unit* units, int count, const FeatureMap& input, StageRecord& record) {
    const bool expanded = count == 3;
    const Unit &filter = units[count - 2], &project = units[count - 1];
    FeatureMap before = input;
    if (expanded) {
      before = {space_.floats(Space::RAW, floatsOf(input.volume, filter.inputs)), input.volume,
                filter.inputs};
      product(units[0], input, before);
      record.units[0] = {&units[0], input, before, statesOf(units[0])};
    }
    UnitRecord& middle = record.units[count - 2];
    const long floats = floatsOf(input.volume, filter.outputs);
    FeatureMap hidden{space_.floats(Space::HIDDEN, floats), input.volume, filter.outputs};
    FeatureMap raw{space_.keeps() ? arena_.floats(floats) : hidden.data, input.volume, filter.outputs};
    middle = {&filter, before, raw, statesOf(filter)};
    const long rows = paddedRows(input.volume, filter.kernel / 2);
    pool_.each(blocksOf(filter.outputs), [&](long index, int thread) {
      const PaddedRows own{rows_ + thread * rows, input.volume.width, filter.kernel / 2};
      filterBlock(expanded ? &record.units[0] : nullptr, middle, index,
                  {own, kernels_ + thread * taps_}, hidden.block(index));
    });
    return pointwise(project, hidden, record.units[count - 1], input.data);
  }

  /** Zeroed rows for one block of channels, for each thread; their floats. Zeros stay between blocks. */
  long paddedRows(const Volume& v, long padding) {
    const long floats = PaddedRows::floats(v, padding), all = floats * pool_.threads();
    if (rowsCapacity_ < all) {
      rows_ = arena_.floats(all);
      rowsCapacity_ = all;
    }
    pool_.each(pool_.threads(), [&](long part, int) {
      PaddedRows{rows_ + part * floats, v.width, padding}.clear(v);
    });
    return floats;
  }

  /** Of a thread, for the block of channels at hand: what the filter sees, and its taps. */
  struct FilterSpace {
    PaddedRows rows;
    float* taps;
  };

  /** One block of channels from the expansion's product to the projection's input. */
  void filterBlock(UnitRecord* expansion, UnitRecord& middle, long index, const FilterSpace& space,
                   float* hidden) {
    const Unit& unit = *middle.unit;
    const PaddedRows& rows = space.rows;
    const Volume& v = middle.raw.volume;
    const long positions = v.positions();
    const float* from = middle.input.block(index);
    if (expansion != nullptr) {
      const NormState state = normOf(*expansion->unit, index, from, positions);
      if (expansion->states != nullptr) expansion->states[index] = state;
      fillRows<true>(v, from, state.affine, rows);
    } else {
      fillRows<false>(v, from, {none(), none()}, rows);
    }
    const long taps = static_cast<long>(unit.kernel) * unit.kernel * unit.kernel;
    packTaps(parameters_ + unit.weight, taps, unit.outputs, index, false, space.taps);
    float* raw = middle.raw.block(index);
    depthwise(v, rows, space.taps, unit.kernel, raw);
    const NormState state = normOf(unit, index, raw, positions);
    if (middle.states != nullptr) middle.states[index] = state;
    for (long p = 0; p < positions * LANES; p += LANES)
      store(hidden + p, applied<true>(state.affine, load(raw + p)));
  }

  template <bool NORMALISED>
  static void fillRows(const Volume& v, const float* from, const Affine& affine,
                       const PaddedRows& rows) {
    const long count = v.depth * v.scans * v.height;
    for (long row = 0; row < count; row++) {
      float* to = rows.row(row);
      for (long w = 0; w < v.width * LANES; w += LANES, from += LANES)
        store(to + w, NORMALISED ? applied<true>(affine, load(from)) : load(from));
    }
  }

  const Plan& plan_;
  const float* parameters_;
  const Statistics statistics_;
  Space& space_;
  Arena& arena_;
  Pool& pool_;
  /** Pointwise weights; kernels of a block of channels, one a thread or a block of the stem; rows. */
  float *packed_, *kernels_, *rows_ = nullptr;
  long taps_ = 0, rowsCapacity_ = 0;
  bool other_ = false;
};

}  // namespace EMARS_NAMESPACE
