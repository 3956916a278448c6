/**
 * Where the numbers of a feature map lie: blocks of 16 channels, in each the positions by depth, scan,
 * height and width, at each position the 16 channels side by side:
 *
 *     [channels / 16, rounded up][depth][scan][height][width][16]
 *
 * A block is contiguous, so whatever goes channel by channel streams. Channels past the last are 0.
 */
#pragma once
#include <cstddef>

struct Volume {
  long depth, scans, height, width;
  __attribute__((always_inline)) long positions() const { return depth * scans * height * width; }
  /** What a convolution with this stride and padding k/2 leaves. */
  __attribute__((always_inline)) Volume strided(long stride) const {
    return {(depth + stride - 1) / stride, scans, (height + stride - 1) / stride,
            (width + stride - 1) / stride};
  }
};

/** Blocks of 16 channels. */
static inline long blocksOf(long channels) { return (channels + 15) / 16; }

/** Floats of a feature map. */
static inline long floatsOf(const Volume& volume, long channels) {
  return blocksOf(channels) * volume.positions() * 16;
}

/** Channels of block `block`, 16 but in the last. */
static inline int lanesIn(long channels, long block) {
  const long left = channels - block * 16;
  return left >= 16 ? 16 : static_cast<int>(left);
}
