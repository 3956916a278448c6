#include "arena.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace {

constexpr size_t LINE = 64;
constexpr size_t PAGE = size_t{2} << 20;

/** Under AddressSanitizer each piece of memory stands alone, so that reading past one is seen. */
#if defined(__SANITIZE_ADDRESS__)
constexpr bool APART = true;
#else
constexpr bool APART = false;
#endif

}  // namespace

Arena::~Arena() { release(); }

float* Arena::floats(long count) {
  const size_t bytes = (static_cast<size_t>(count) * sizeof(float) + LINE - 1) / LINE * LINE;
  if (APART || chunks_.empty() || used_ + bytes > chunks_.back().bytes) grow(bytes);
  float* result = reinterpret_cast<float*>(chunks_.back().start + used_);
  used_ += bytes;
  return result;
}

void Arena::reset() {
  if (APART) {
    release();
  } else if (chunks_.size() > 1) {
    size_t total = 0;
    for (const Chunk& chunk : chunks_) total += chunk.bytes;
    release();
    grow(total);
  }
  used_ = 0;
}

void Arena::grow(size_t bytes) {
  const size_t rounded = APART ? bytes : (bytes + PAGE - 1) / PAGE * PAGE;
  void* start = nullptr;
  if (posix_memalign(&start, APART ? LINE : PAGE, rounded) != 0) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  if (!APART) madvise(start, rounded, MADV_HUGEPAGE);
#endif
  chunks_.push_back({static_cast<char*>(start), rounded});
  used_ = 0;
}

void Arena::release() {
  for (const Chunk& chunk : chunks_) std::free(chunk.start);
  chunks_.clear();
  used_ = 0;
}
