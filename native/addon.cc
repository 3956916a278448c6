/**
 * The door from JavaScript: reads the arguments, checks them, and calls the kernels of the chosen
 * instruction set on the calling thread, which others may help. Vectors are typed arrays over memory of
 * the caller's, shared or not; nothing is copied and nothing kept but scratch memory.
 */
#include <node_api.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <string>

#include "arguments.h"
#include "scan-addon.h"
#include "signals.h"
#include "step-addon.h"
#include "workspace.h"

const Kernels* chosen = nullptr;

namespace {

thread_local Arena arena;
/** One thread, the calling one, unless that asks for more. */
thread_local std::unique_ptr<Pool> pool;

constexpr uint32_t MOST_THREADS = 256;

Workspace workspace() {
  if (pool == nullptr) pool = std::make_unique<Pool>(1);
  return {arena, *pool};
}

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
                                         vector.data + plan.gradientCount, workspace());
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
                         logits.data, workspace());
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
                         logits.data, workspace());
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

/** (count) → nothing: calls from this thread share their work among so many threads, it among them. */
napi_value useThreads(napi_env env, napi_callback_info info) {
  return guarded<1>(env, info, [env](const napi_value* arguments) {
    uint32_t count = 0;
    if (napi_get_value_uint32(env, arguments[0], &count) != napi_ok || count < 1 || count > MOST_THREADS)
      throw Refused{"expected 1 to " + std::to_string(MOST_THREADS) + " threads"};
    if (static_cast<int>(count) != workspace().pool.threads()) {
      pool.reset();
      pool = std::make_unique<Pool>(static_cast<int>(count));
    }
    napi_value nothing;
    napi_get_undefined(env, &nothing);
    return nothing;
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
    static thread_local std::unique_ptr<SignalsKeptOut> guard;
    if (blocked && guard == nullptr) guard = std::make_unique<SignalsKeptOut>();
    if (!blocked) guard.reset();
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
      {"addSlot", nullptr, addSlot, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"divide", nullptr, divide, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"sgd", nullptr, sgd, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"adam", nullptr, adam, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"inflateScan", nullptr, inflateScan, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"unpackPng", nullptr, unpackPng, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"reduceSlice", nullptr, reduceSlice, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"useThreads", nullptr, useThreads, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"useInstructions", nullptr, useInstructions, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"blockSignals", nullptr, blockSignals, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, initialise)
