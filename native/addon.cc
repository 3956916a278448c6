/**
 * The door from JavaScript: reads the arguments, checks them, and calls the kernels of the chosen
 * instruction set on the calling thread. Vectors are typed arrays over memory of the caller's, shared or
 * not; nothing is copied and nothing kept but scratch memory.
 */
#include <node_api.h>
#include <signal.h>

#include <cmath>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "arena.h"
#include "check.h"
#include "plan.h"
#include "rounding.h"

namespace {

const Kernels* chosen = nullptr;
thread_local Arena arena;

/** An argument that does not fit; becomes a RangeError. */
struct Refused {
  std::string reason;
};

struct Floats {
  float* data = nullptr;
  size_t length = 0;
};

template <typename Element>
struct Expected;
template <>
struct Expected<float> {
  static constexpr napi_typedarray_type type = napi_float32_array;
};
template <>
struct Expected<int32_t> {
  static constexpr napi_typedarray_type type = napi_int32_array;
};

template <typename Element>
Element* elements(napi_env env, napi_value value, const char* name, size_t& length) {
  bool is = false;
  napi_typedarray_type type;
  void* data = nullptr;
  if (napi_is_typedarray(env, value, &is) != napi_ok || !is ||
      napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != Expected<Element>::type)
    throw Refused{std::string("expected a typed array of the right kind for ") + name};
  return static_cast<Element*>(data);
}

Floats floats(napi_env env, napi_value value, const char* name) {
  Floats result;
  result.data = elements<float>(env, value, name, result.length);
  return result;
}

/** Null for null. */
Floats optionalFloats(napi_env env, napi_value value, const char* name) {
  napi_valuetype type;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_null) return {};
  return floats(env, value, name);
}

void expectLength(const Floats& given, long length, const char* name) {
  if (given.data != nullptr && given.length != static_cast<size_t>(length))
    throw Refused{"expected " + std::to_string(length) + " floats for " + name + ", got " +
                  std::to_string(given.length)};
}

/** A plan and images, as src/kernels/plan.ts writes them. */
class Request {
 public:
  Request(napi_env env, const napi_value* arguments) {
    readPlan(env, arguments[0]);
    const Floats parameters = floats(env, arguments[1], "parameters");
    expectLength(parameters, plan.parameterCount, "parameters");
    parameters_ = parameters.data;
    const Floats values = floats(env, arguments[2], "images");
    size_t axes = 0;
    const int32_t* shape = elements<int32_t>(env, arguments[3], "the images' shape", axes);
    if (axes != 4) throw Refused{"expected four extents of the images"};
    images = {values.data, shape[0], shape[1], shape[2], shape[3]};
    const std::string problem = problemOf(plan, images);
    if (!problem.empty()) throw Refused{problem};
    expectLength(values, images.scans * images.depth * images.height * images.width, "images");
  }

  const float* parameters() const { return parameters_; }

  Plan plan{};
  Images images{};

 private:
  static constexpr size_t HEADER = 12, STAGE = 3, UNIT = 13;

  void readPlan(napi_env env, napi_value value) {
    size_t length = 0;
    const int32_t* words = elements<int32_t>(env, value, "the plan", length);
    if (length < HEADER) throw Refused{"the plan is cut short"};
    const size_t stages = static_cast<uint32_t>(words[0]), units = static_cast<uint32_t>(words[1]);
    if (stages > 10000 || units > 30000 || length != HEADER + STAGE * stages + UNIT * units)
      throw Refused{"the plan's length does not fit its counts"};
    for (size_t i = 0; i < stages; i++) {
      const int32_t* at = words + HEADER + STAGE * i;
      stages_.push_back({static_cast<StageKind>(at[0]), at[1], at[2]});
    }
    for (size_t i = 0; i < units; i++) {
      const int32_t* at = words + HEADER + STAGE * stages + UNIT * i;
      units_.push_back({at[0], at[1], at[2], at[3], at[4], at[5], at[6], at[7], at[8], at[9], at[10],
                        at[11], at[12]});
    }
    plan = {stages_.data(),
            static_cast<int32_t>(stages),
            units_.data(),
            static_cast<int32_t>(units),
            {words[5], words[6], words[7], words[8], words[9], words[10]},
            words[2],
            words[3],
            words[4]};
  }

  std::vector<Stage> stages_;
  std::vector<Unit> units_;
  const float* parameters_ = nullptr;
};

/** Position of the first value that is not finite, or -1. */
long firstNonFinite(const float* values, long count) {
  constexpr long PIECE = 4096;
  constexpr uint32_t EXPONENT = 0x7f800000;
  for (long from = 0; from < count; from += PIECE) {
    const long end = from + PIECE < count ? from + PIECE : count;
    uint32_t bad = 0;
    for (long i = from; i < end; i++) {
      uint32_t bits;
      std::memcpy(&bits, values + i, sizeof bits);
      bad |= (bits & EXPONENT) == EXPONENT ? 1 : 0;
    }
    if (bad == 0) continue;
    for (long i = from; i < end; i++)
      if (!std::isfinite(values[i])) return i;
  }
  return -1;
}

template <size_t COUNT, typename Work>
napi_value guarded(napi_env env, napi_callback_info info, Work work) {
  napi_value arguments[COUNT];
  size_t count = COUNT;
  napi_value nothing = nullptr;
  napi_get_undefined(env, &nothing);
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok || count < COUNT) {
    napi_throw_type_error(env, nullptr, "too few arguments");
    return nothing;
  }
  try {
    const DefaultRounding rounding;
    return work(arguments);
  } catch (const Refused& refused) {
    napi_throw_range_error(env, nullptr, refused.reason.c_str());
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return nothing;
}

/** (plan, parameters, images, shape, targets, weights, mask | null, vector) → [loss, first bad
 * position]. */
napi_value gradient(napi_env env, napi_callback_info info) {
  return guarded<8>(env, info, [env](const napi_value* arguments) {
    Request request(env, arguments);
    const Plan& plan = request.plan;
    const long scans = request.images.scans;
    const Floats targets = floats(env, arguments[4], "targets");
    const Floats weights = floats(env, arguments[5], "weights of the loss");
    const Floats mask = optionalFloats(env, arguments[6], "the dropout mask");
    const Floats vector = floats(env, arguments[7], "the vector");
    expectLength(targets, scans * plan.classifier.outputs, "targets");
    expectLength(weights, scans, "weights of the loss");
    expectLength(mask, scans * plan.classifier.inputs, "the dropout mask");
    const long length = static_cast<long>(plan.gradientCount) + plan.statisticCount;
    if (vector.length < static_cast<size_t>(length)) throw Refused{"the vector is too short"};
    const double loss = chosen->gradient(plan, request.parameters(), request.images,
                                         {targets.data, weights.data, mask.data}, vector.data,
                                         vector.data + plan.gradientCount, arena);
    napi_value result, number;
    napi_create_array_with_length(env, 2, &result);
    napi_create_double(env, loss, &number);
    napi_set_element(env, result, 0, number);
    napi_create_double(env, static_cast<double>(firstNonFinite(vector.data, length)), &number);
    napi_set_element(env, result, 1, number);
    return result;
  });
}

/** (plan, parameters, images, shape, statistics | null, logits | null). */
napi_value batchForward(napi_env env, napi_callback_info info) {
  return guarded<6>(env, info, [env](const napi_value* arguments) {
    Request request(env, arguments);
    const Floats statistics = optionalFloats(env, arguments[4], "statistics");
    const Floats logits = optionalFloats(env, arguments[5], "logits");
    expectLength(statistics, request.plan.statisticCount, "statistics");
    expectLength(logits, request.images.scans * request.plan.classifier.outputs, "logits");
    chosen->batchForward(request.plan, request.parameters(), request.images, statistics.data,
                         logits.data, arena);
    return arguments[5];
  });
}

/** (plan, parameters, images, shape, statistics, logits). */
napi_value fixedForward(napi_env env, napi_callback_info info) {
  return guarded<6>(env, info, [env](const napi_value* arguments) {
    Request request(env, arguments);
    const Floats statistics = floats(env, arguments[4], "statistics");
    const Floats logits = floats(env, arguments[5], "logits");
    expectLength(statistics, request.plan.statisticCount, "statistics");
    expectLength(logits, request.images.scans * request.plan.classifier.outputs, "logits");
    chosen->fixedForward(request.plan, request.parameters(), request.images, statistics.data,
                         logits.data, arena);
    return arguments[5];
  });
}

/** The kernels of a name, null where this processor cannot run them. */
const Kernels* kernelsOf(const std::string& name) {
#if defined(__x86_64__)
  const bool fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (name == "avx2") return fma ? &avx2Kernels() : nullptr;
  if (name == "avx512")
    return fma && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                   __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
               ? &avx512Kernels()
               : nullptr;
#endif
  return name == "plain" ? &plainKernels() : nullptr;
}

/** (name) → whether the kernels of this instruction set are now in use. */
napi_value useInstructions(napi_env env, napi_callback_info info) {
  return guarded<1>(env, info, [env](const napi_value* arguments) {
    char name[16];
    size_t length = 0;
    if (napi_get_value_string_utf8(env, arguments[0], name, sizeof name, &length) != napi_ok)
      throw Refused{"expected the name of an instruction set"};
    const Kernels* found = kernelsOf(name);
    if (found != nullptr) chosen = found;
    napi_value result;
    napi_get_boolean(env, found != nullptr, &result);
    return result;
  });
}

/**
 * (blocked) → nothing: keeps every signal but those of faults from the calling thread, or lets them in
 * again. What comes meanwhile goes to another thread, or waits.
 */
napi_value blockSignals(napi_env env, napi_callback_info info) {
  return guarded<1>(env, info, [env](const napi_value* arguments) {
    bool blocked = false;
    if (napi_get_value_bool(env, arguments[0], &blocked) != napi_ok)
      throw Refused{"expected true or false"};
    static thread_local sigset_t before;
    static thread_local bool held = false;
    if (blocked != held) {
      sigset_t all;
      sigfillset(&all);
      for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP}) sigdelset(&all, fault);
      pthread_sigmask(SIG_SETMASK, blocked ? &all : &before, blocked ? &before : nullptr);
      held = blocked;
    }
    napi_value nothing;
    napi_get_undefined(env, &nothing);
    return nothing;
  });
}

napi_value initialise(napi_env env, napi_value exports) {
  for (const char* name : {"avx512", "avx2", "plain"})
    if (chosen == nullptr) chosen = kernelsOf(name);
  const napi_property_descriptor functions[] = {
      {"gradient", nullptr, gradient, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"batchForward", nullptr, batchForward, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"fixedForward", nullptr, fixedForward, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"useInstructions", nullptr, useInstructions, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"blockSignals", nullptr, blockSignals, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, initialise)
