/**
 * Memory of one computation, handed out in order and taken back all at once. It stays with the thread,
 * so that the next computation pays for no fresh pages.
 */
#pragma once
#include <cstddef>
#include <vector>

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  /** `count` floats from a cache line of their own on, of any content. Errors: std::bad_alloc. */
  float* floats(long count);

  /** Takes everything back; what was several chunks becomes one of their size. */
  void reset();

 private:
  struct Chunk {
    char* start;
    size_t bytes;
  };

  void grow(size_t bytes);
  void release();

  std::vector<Chunk> chunks_;
  size_t used_ = 0;
};
