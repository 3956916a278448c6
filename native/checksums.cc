#include "checksums.h"

#include <array>
#include <cstring>

// Sixteen bytes at a time pay only where the compiler may use wide registers; it keeps a second build of
// these.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

namespace {

constexpr uint32_t MODULUS = 65521;
/** Bytes after which the sums must be reduced, so that 32 bits suffice; a multiple of PIECE. */
constexpr size_t RUN = 5536;
constexpr size_t PIECE = 32;

/** By four steps of CRC-32, tables of eight, so that eight bytes are one step (Sarwate; Kounavis and
 * Berry). */
constexpr int SLICES = 8;
using Tables = std::array<std::array<uint32_t, 256>, SLICES>;

Tables crcTables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; bit++) value = (value >> 1) ^ ((value & 1) != 0 ? 0xedb88320u : 0);
    tables[0][byte] = value;
  }
  for (int slice = 1; slice < SLICES; slice++)
    for (int byte = 0; byte < 256; byte++) {
      const uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  return tables;
}

}  // namespace

WIDE uint32_t adler32Of(const uint8_t* data, size_t length) {
  uint32_t low = 1, high = 0;
  while (length > 0) {
    const size_t run = length < RUN ? length : RUN;
    size_t at = 0;
    for (; at + PIECE <= run; at += PIECE) {
      uint32_t sum = 0, weighted = 0;
      for (size_t i = 0; i < PIECE; i++) {
        sum += data[at + i];
        weighted += static_cast<uint32_t>(PIECE - i) * data[at + i];
      }
      high += static_cast<uint32_t>(PIECE) * low + weighted;
      low += sum;
    }
    for (; at < run; at++) {
      low += data[at];
      high += low;
    }
    low %= MODULUS;
    high %= MODULUS;
    data += run;
    length -= run;
  }
  return high << 16 | low;
}

uint32_t crc32Of(const uint8_t* data, size_t length) {
  static const Tables tables = crcTables();
  uint32_t crc = 0xffffffffu;
  for (; length >= SLICES; data += SLICES, length -= SLICES) {
    uint32_t next = 0;
    for (int i = 0; i < 4; i++) {
      next ^= tables[7 - i][data[i] ^ ((crc >> (8 * i)) & 0xff)];
      next ^= tables[3 - i][data[4 + i]];
    }
    crc = next;
  }
  for (; length > 0; data++, length--) crc = (crc >> 8) ^ tables[0][(crc ^ *data) & 0xff];
  return ~crc;
}
