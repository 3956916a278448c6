/** Checksums of packed data. */
#pragma once
#include <cstddef>
#include <cstdint>

/** Adler-32 (RFC 1950). */
uint32_t adler32Of(const uint8_t* data, size_t length);

/** CRC-32 as gzip and PNG have it (RFC 1952, section 8). */
uint32_t crc32Of(const uint8_t* data, size_t length);
