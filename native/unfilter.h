/** The rows of a PNG, brought back from the differences that its filters leave (PNG specification,
 * section 9). */
#pragma once
#include <cstddef>
#include <cstdint>

struct FilteredRows {
  /** `rows` times a filter's number and `bytes` bytes. */
  uint8_t* data;
  long rows;
  long bytes;
  /** 1 to 8. */
  long bytesPerPixel;
};

/** In place; false where a row has a filter that does not exist. */
bool unfilter(const FilteredRows& rows);
