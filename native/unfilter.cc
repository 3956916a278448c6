#include "unfilter.h"

#include <cstdlib>
#include <vector>

#include "wavefront.h"

namespace {

enum Filter : uint8_t { NONE, SUB, UP, AVERAGE, PAETH, FILTERS };

/** What a filter expects of a byte, from those to the left, above, and above to the left. */
template <Filter FILTER>
inline int expected(int left, int above, int corner) {
  if constexpr (FILTER == SUB) return left;
  if constexpr (FILTER == UP) return above;
  if constexpr (FILTER == AVERAGE) return (left + above) >> 1;
  if constexpr (FILTER == PAETH) {
    const int toLeft = std::abs(above - corner), toAbove = std::abs(left - corner);
    const int toCorner = std::abs(left + above - 2 * corner);
    // Chosen without a jump: which one is next cannot be foreseen.
    const int other = toAbove <= toCorner ? above : corner;
    const int toOther = toAbove <= toCorner ? toAbove : toCorner;
    return toLeft <= toOther ? left : other;
  }
  return 0;
}

template <Filter FILTER>
void one(uint8_t* row, const uint8_t* above, long bytes, long pixel) {
  const long first = pixel < bytes ? pixel : bytes;
  for (long i = 0; i < first; i++)
    row[i] = static_cast<uint8_t>(row[i] + expected<FILTER>(0, above[i], 0));
  for (long i = first; i < bytes; i++)
    row[i] = static_cast<uint8_t>(row[i] + expected<FILTER>(row[i - pixel], above[i], above[i - pixel]));
}

using One = void (*)(uint8_t*, const uint8_t*, long, long);
constexpr One ONES[FILTERS] = {one<NONE>, one<SUB>, one<UP>, one<AVERAGE>, one<PAETH>};

}  // namespace

bool unfilter(const FilteredRows& rows) {
  const long step = rows.bytes + 1;
  for (long y = 0; y < rows.rows; y++)
    if (rows.data[y * step] >= FILTERS) return false;
  const std::vector<uint8_t> zeros(static_cast<size_t>(rows.bytes) + FILTERED_SLACK);
  const uint8_t* above = zeros.data();
  long y = 0;
#if defined(__SSE2__)
  if (rows.bytesPerPixel == 1)
    for (; y + wavefront::ROWS <= rows.rows; y += wavefront::ROWS) {
      wavefront::undo(rows.data + y * step, above, rows.bytes);
      above = rows.data + (y + wavefront::ROWS - 1) * step + 1;
    }
#endif
  for (; y < rows.rows; y++) {
    uint8_t* const row = rows.data + y * step;
    if (row[0] != NONE) ONES[row[0]](row + 1, above, rows.bytes, rows.bytesPerPixel);
    above = row + 1;
  }
  return true;
}
