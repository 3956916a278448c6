/**
 * Unpacks Deflate (RFC 1951) in its zlib (RFC 1950) and gzip (RFC 1952) wrapping, into memory of a known
 * size, in one call. Quicker than a general inflate because all of the input and room for all of the
 * output are there. It may refuse what a general inflate takes, never the other way round: who is
 * refused asks that one, which also knows what to say.
 */
#pragma once
#include <cstddef>
#include <cstdint>

enum class Wrapping { zlib, gzip };

/** Bytes that the decoder may write past the end of the output, besides `capacity`. */
constexpr size_t INFLATE_SLACK = 320;

/**
 * The number of bytes unpacked, at most `capacity`; -1 where the input is not one whole stream and
 * nothing else, holds more, or does not have its own checksum. `output` has room for `capacity +
 * INFLATE_SLACK`.
 */
long inflateWhole(Wrapping wrapping, const uint8_t* input, size_t length, uint8_t* output,
                  size_t capacity);
