/** The rows of a PNG, brought back from the differences that its filters leave (PNG specification,
 * section 9). */
#pragma once
#include <cstddef>
#include <cstdint>

/** Bytes behind the rows that may be read, and mean nothing. */
constexpr long FILTERED_SLACK = 64;

struct FilteredRows {
  /** `rows` times a filter's number and `bytes` bytes, and FILTERED_SLACK more. */
  uint8_t* data;
  long rows;
  long bytes;
  /** 1 to 8. */
  long bytesPerPixel;
};

/** In place; false where a row has a filter that does not exist. */
bool unfilter(const FilteredRows& rows);
