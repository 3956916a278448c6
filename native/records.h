/** What a forward pass leaves behind for the backward pass, and where it takes its memory from. */
#pragma once
#include "normalise.h"
#include "plan.h"
#include "stem.h"
#include "volume.h"
#include "workspace.h"

namespace EMARS_NAMESPACE {

struct FeatureMap {
  float* data;
  Volume volume;
  long channels;
  EMARS_INLINE float* block(long index) const { return data + index * volume.positions() * LANES; }
  EMARS_INLINE long floats() const { return floatsOf(volume, channels); }
};

/** A unit that ran: what its convolution saw (after the stride), what it gave, and its batch norm. */
struct UnitRecord {
  const Unit* unit;
  FeatureMap input, raw;
  /** One a block of channels. */
  NormState* states;
};

constexpr int MOST_UNITS = 3;

struct StageRecord {
  UnitRecord units[MOST_UNITS];
  /** The stage's input and output. */
  FeatureMap input, output;
  /** A block's depthwise output after batch norm and ReLU6: what the projection saw. */
  PaddedImages* images;
};

/**
 * Memory of a pass. To go backward everything must stay; otherwise each kind of map has one place that
 * is used again, which keeps a pass inside the caches.
 */
class Space {
 public:
  enum Use { OUTPUT, OTHER_OUTPUT, RAW, HIDDEN, SAMPLED, USES };

  Space(const Workspace& workspace, bool keep) : workspace_(workspace), keep_(keep) {}

  bool keeps() const { return keep_; }
  Arena& arena() const { return workspace_.arena; }
  Pool& pool() const { return workspace_.pool; }

  float* floats(Use use, long count) {
    if (keep_) return arena().floats(count);
    if (capacity_[use] < count) {
      places_[use] = arena().floats(count);
      capacity_[use] = count;
    }
    return places_[use];
  }

 private:
  const Workspace workspace_;
  bool keep_;
  float* places_[USES] = {};
  long capacity_[USES] = {};
};

/** The statistics of a pass: the batch's own, written to `batch` where not null; or the given ones. */
struct Statistics {
  float* batch;
  const float* given;
};

}  // namespace EMARS_NAMESPACE
