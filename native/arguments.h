/** Arguments from JavaScript, read and checked: typed arrays, and a plan with what it is computed on. */
#pragma once
#include <node_api.h>

#include <exception>
#include <string>

#include "check.h"
#include "plan-words.h"
#include "rounding.h"

/** The best of the processor, or what JavaScript asked for. */
extern const Kernels* chosen;

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
template <>
struct Expected<uint8_t> {
  static constexpr napi_typedarray_type type = napi_uint8_array;
};
template <>
struct Expected<double> {
  static constexpr napi_typedarray_type type = napi_float64_array;
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

inline Floats floats(napi_env env, napi_value value, const char* name) {
  Floats result;
  result.data = elements<float>(env, value, name, result.length);
  return result;
}

/** Null for null. */
inline Floats optionalFloats(napi_env env, napi_value value, const char* name) {
  napi_valuetype type;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_null) return {};
  return floats(env, value, name);
}

inline void expectLength(const Floats& given, long length, const char* name) {
  if (given.data != nullptr && given.length != static_cast<size_t>(length))
    throw Refused{"expected " + std::to_string(length) + " floats for " + name + ", got " +
                  std::to_string(given.length)};
}

/** A plan and images, as src/kernels/plan.ts writes them. */
class Request {
 public:
  Request(napi_env env, const napi_value* arguments) {
    size_t length = 0;
    const int32_t* words = elements<int32_t>(env, arguments[0], "the plan", length);
    words_.read(words, length);
    plan = words_.plan();
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
  PlanWords words_;
  const float* parameters_ = nullptr;
};

/** Runs `work` on so many arguments; what it throws becomes an error in JavaScript. */
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
