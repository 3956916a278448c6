/**
 * The native codec without Node, for builds with sanitizers: reads cases from a file and decodes each,
 * damaged ones among them. All memory has the size that the doors give it, to the byte.
 *
 * A case: whether gzip, bytes packed, bytes of a row, rows, bytes a pixel as 32-bit numbers, then the
 * packed bytes.
 */
#include <cstdio>
#include <fstream>
#include <vector>

#include "inflate.h"
#include "reduce.h"
#include "unfilter.h"

namespace {

struct Head {
  int32_t gzip, packed, bytes, rows, pixel;
};

/** Halves both extents where they are more than one. */
struct Halves {
  std::vector<int32_t> first, count;
  std::vector<double> weights;
  explicit Halves(long inputs) {
    for (long i = 0; i < inputs; i += 2) {
      const int32_t width = i + 1 < inputs ? 2 : 1;
      first.push_back(static_cast<int32_t>(i));
      count.push_back(width);
      for (int32_t k = 0; k < width; k++) weights.push_back(1.0 / width);
    }
  }
  Taps taps() const {
    return {first.data(), count.data(), weights.data(), static_cast<long>(first.size())};
  }
};

/** Whether the case was taken. */
bool decode(const Head& head, const std::vector<uint8_t>& packed) {
  const long step = head.bytes + 1;
  std::vector<uint8_t> rows(static_cast<size_t>(step * head.rows) + INFLATE_SLACK);
  const long made = inflateWhole(head.gzip != 0 ? Wrapping::gzip : Wrapping::zlib, packed.data(),
                                 packed.size(), rows.data(), rows.size() - INFLATE_SLACK);
  if (made != step * head.rows) return false;
  if (!unfilter({rows.data(), head.rows, head.bytes, head.pixel})) return false;
  const std::vector<uint8_t> slice(rows.begin(), rows.begin() + head.bytes * head.rows);
  const std::vector<float> table(256, 0.5f);
  const Halves columns(head.bytes), lines(head.rows);
  std::vector<double> narrow(static_cast<size_t>(head.rows) * columns.first.size());
  std::vector<float> out(lines.first.size() * columns.first.size());
  if (problemOf(columns.taps(), static_cast<long>(columns.weights.size()), head.bytes) != nullptr)
    return false;
  reduceBytes({columns.taps(), lines.taps(), head.bytes, narrow.data(), out.data()}, slice.data(),
              table.data());
  for (const float value : out)
    if (value != 0.5f) return false;
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  std::ifstream file(count == 2 ? arguments[1] : "", std::ios::binary);
  int cases = 0, taken = 0;
  for (Head head; file.read(reinterpret_cast<char*>(&head), sizeof head); cases++) {
    std::vector<uint8_t> packed(static_cast<size_t>(head.packed));
    if (!file.read(reinterpret_cast<char*>(packed.data()), head.packed)) return 1;
    if (decode(head, packed)) taken++;
  }
  std::printf("%d cases, %d taken\n", cases, taken);
  return 0;
}
