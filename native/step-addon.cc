#include "step-addon.h"

#include "arguments.h"

namespace {

double number(napi_env env, napi_value value, const char* name) {
  double result = 0;
  if (napi_get_value_double(env, value, &result) != napi_ok)
    throw Refused{std::string("expected a number for ") + name};
  return result;
}

template <typename Element>
Element* exactly(napi_env env, napi_value value, const char* name, long length) {
  size_t got = 0;
  Element* result = elements<Element>(env, value, name, got);
  if (got != static_cast<size_t>(length))
    throw Refused{"expected " + std::to_string(length) + " values for " + name + ", got " +
                  std::to_string(got)};
  return result;
}

/** Spans that all lie within a vector of `length` floats. */
Spans spansWithin(napi_env env, napi_value value, size_t length) {
  size_t words = 0;
  const int32_t* list = elements<int32_t>(env, value, "spans", words);
  if (words % 2 != 0) throw Refused{"expected offset and size of each span"};
  for (size_t i = 0; i < words; i += 2)
    if (list[i] < 0 || list[i + 1] < 0 || static_cast<size_t>(list[i]) + list[i + 1] > length)
      throw Refused{"a span does not lie within the vector"};
  return {list, static_cast<long>(words / 2)};
}

napi_value undefined(napi_env env) {
  napi_value nothing;
  napi_get_undefined(env, &nothing);
  return nothing;
}

}  // namespace

/** (spans, tensors, values, weight, sum, touched). */
napi_value addSlot(napi_env env, napi_callback_info info) {
  return guarded<6>(env, info, [env](const napi_value* arguments) {
    const Floats sum = floats(env, arguments[4], "the sum");
    const Spans spans = spansWithin(env, arguments[0], sum.length);
    size_t count = 0;
    const int32_t* tensors = elements<int32_t>(env, arguments[1], "tensors", count);
    long size = 0;
    for (size_t i = 0; i < count; i++) {
      if (tensors[i] < 0 || tensors[i] >= spans.count) throw Refused{"there is no such tensor"};
      size += spans.size(tensors[i]);
    }
    const Floats values = floats(env, arguments[2], "values");
    if (values.length != static_cast<size_t>(size))
      throw Refused{"expected a path gradient of " + std::to_string(size) + " floats, got " +
                    std::to_string(values.length)};
    uint8_t* touched = exactly<uint8_t>(env, arguments[5], "touched", spans.count);
    const double weight = number(env, arguments[3], "the slot's weight");
    chosen->addSlot(spans, {tensors, static_cast<long>(count), values.data, weight}, sum.data, touched);
    return undefined(env);
  });
}

/** (spans, touched, divisors, sum). */
napi_value divide(napi_env env, napi_callback_info info) {
  return guarded<4>(env, info, [env](const napi_value* arguments) {
    const Floats sum = floats(env, arguments[3], "the sum");
    const Spans spans = spansWithin(env, arguments[0], sum.length);
    const uint8_t* touched = exactly<uint8_t>(env, arguments[1], "touched", spans.count);
    const double* divisors = exactly<double>(env, arguments[2], "divisors", spans.count);
    chosen->divide(spans, touched, divisors, sum.data);
    return undefined(env);
  });
}

/** What SGD and Adam have in common: (spans, touched, gradient, rates, weights, state). */
class Update {
 public:
  Update(napi_env env, const napi_value* arguments) : env_(env), arguments_(arguments) {
    const Floats all = floats(env, arguments[4], "weights");
    weights = all.data;
    length = static_cast<long>(all.length);
    spans = spansWithin(env, arguments[0], all.length);
    gradient = {exactly<uint8_t>(env, arguments[1], "touched", spans.count),
                exactly<float>(env, arguments[2], "the gradient", length)};
  }

  const double* rates(long count) const { return exactly<double>(env_, arguments_[3], "rates", count); }
  float* state(long floats) const { return exactly<float>(env_, arguments_[5], "the state", floats); }

  Spans spans;
  Touched gradient;
  float* weights;
  long length;

 private:
  napi_env env_;
  const napi_value* arguments_;
};

/** (…, [learning rate, momentum, weight decay], weights, velocity). */
napi_value sgd(napi_env env, napi_callback_info info) {
  return guarded<6>(env, info, [env](const napi_value* arguments) {
    const Update of(env, arguments);
    const double* rates = of.rates(3);
    chosen->sgd(of.spans, of.gradient, {rates[0], rates[1], rates[2]}, of.weights, of.state(of.length));
    return undefined(env);
  });
}

/**
 * (…, [weight decay, beta1, beta2, epsilon, then rate and scale of each tensor], weights, both moments one
 * after the other).
 */
napi_value adam(napi_env env, napi_callback_info info) {
  return guarded<6>(env, info, [env](const napi_value* arguments) {
    const Update of(env, arguments);
    const double* rates = of.rates(4 + 2 * of.spans.count);
    float* moments = of.state(2 * of.length);
    chosen->adam(of.spans, of.gradient, {rates[0], rates[1], rates[2], rates[3], rates + 4}, of.weights,
                 moments, moments + of.length);
    return undefined(env);
  });
}
