/** The processor's rounding as IEEE 754 has it, while an object of this lives: another library may have
 * changed it. */
#pragma once

#if defined(__x86_64__)
#include <xmmintrin.h>

class DefaultRounding {
 public:
  DefaultRounding() : before_(_mm_getcsr()) { _mm_setcsr(TO_NEAREST_WITH_SUBNORMALS); }
  ~DefaultRounding() { _mm_setcsr(before_); }
  DefaultRounding(const DefaultRounding&) = delete;
  DefaultRounding& operator=(const DefaultRounding&) = delete;

 private:
  static constexpr unsigned TO_NEAREST_WITH_SUBNORMALS = 0x1f80;
  const unsigned before_;
};
#else
class DefaultRounding {
 public:
  ~DefaultRounding() {}
};
#endif
