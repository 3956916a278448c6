#include "unfilter.h"

#include <cstdlib>
#include <vector>

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

/**
 * Two rows of one byte a pixel, the second a byte behind the first: a byte waits for its left neighbour,
 * so that two rows in turns take hardly longer than one.
 */
template <Filter UPPER, Filter LOWER>
void two(uint8_t* upper, uint8_t* lower, const uint8_t* above, long bytes) {
  int left = static_cast<uint8_t>(upper[0] + expected<UPPER>(0, above[0], 0));
  upper[0] = static_cast<uint8_t>(left);
  int lowerLeft = 0, lowerCorner = 0;
  for (long i = 1; i < bytes; i++) {
    const int lowerAbove = left;
    left = static_cast<uint8_t>(upper[i] + expected<UPPER>(left, above[i], above[i - 1]));
    upper[i] = static_cast<uint8_t>(left);
    lowerLeft = static_cast<uint8_t>(lower[i - 1] + expected<LOWER>(lowerLeft, lowerAbove, lowerCorner));
    lower[i - 1] = static_cast<uint8_t>(lowerLeft);
    lowerCorner = lowerAbove;
  }
  lower[bytes - 1] =
      static_cast<uint8_t>(lower[bytes - 1] + expected<LOWER>(lowerLeft, left, lowerCorner));
}

using One = void (*)(uint8_t*, const uint8_t*, long, long);
constexpr One ONES[FILTERS] = {one<NONE>, one<SUB>, one<UP>, one<AVERAGE>, one<PAETH>};

using Two = void (*)(uint8_t*, uint8_t*, const uint8_t*, long);
/** By the filters of both rows; only for those whose bytes wait for each other. */
Two twoOf(uint8_t upper, uint8_t lower) {
  constexpr Two TWOS[3][3] = {{two<SUB, SUB>, two<SUB, AVERAGE>, two<SUB, PAETH>},
                              {two<AVERAGE, SUB>, two<AVERAGE, AVERAGE>, two<AVERAGE, PAETH>},
                              {two<PAETH, SUB>, two<PAETH, AVERAGE>, two<PAETH, PAETH>}};
  const auto place = [](uint8_t filter) { return filter == SUB ? 0 : filter - 2; };
  const auto waits = [](uint8_t filter) {
    return filter == SUB || filter == AVERAGE || filter == PAETH;
  };
  return waits(upper) && waits(lower) ? TWOS[place(upper)][place(lower)] : nullptr;
}

}  // namespace

bool unfilter(const FilteredRows& rows) {
  const long step = rows.bytes + 1;
  for (long y = 0; y < rows.rows; y++)
    if (rows.data[y * step] >= FILTERS) return false;
  const std::vector<uint8_t> zeros(static_cast<size_t>(rows.bytes));
  const uint8_t* above = zeros.data();
  for (long y = 0; y < rows.rows; y++) {
    uint8_t* const row = rows.data + y * step;
    const Two both = rows.bytesPerPixel == 1 && y + 1 < rows.rows ? twoOf(row[0], row[step]) : nullptr;
    if (both != nullptr) {
      both(row + 1, row + step + 1, above, rows.bytes);
      y++;
    } else if (row[0] != NONE) {
      ONES[row[0]](row + 1, above, rows.bytes, rows.bytesPerPixel);
    }
    above = rows.data + y * step + 1;
  }
  return true;
}
