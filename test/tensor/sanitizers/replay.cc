/**
 * The kernels without Node, for builds with sanitizers: reads cases from a file, computes each with one
 * thread and with several, and compares every bit. Exit code 1: they differ, or the file makes no sense.
 *
 * A case: a count and the words of its plan; scans, depth, height, width; then parameters, images,
 * targets, weights and dropout mask as floats.
 */
#include <cstdio>
#include <cstring>
#include <fstream>
#include <vector>

#include "check.h"
#include "plan-words.h"
#include "workspace.h"

#ifndef EMARS_ENTRY
#error "say which kernels: -DEMARS_ENTRY=plainKernels"
#endif

namespace {

using Floats = std::vector<float>;

class Reader {
 public:
  explicit Reader(const char* path) : file_(path, std::ios::binary) {}

  template <typename Element>
  std::vector<Element> some(long count) {
    std::vector<Element> values(count);
    file_.read(reinterpret_cast<char*>(values.data()), count * static_cast<long>(sizeof(Element)));
    if (!file_) throw Refused{"the file is cut short"};
    return values;
  }
  bool atEnd() { return file_.peek() == std::ifstream::traits_type::eof(); }

 private:
  std::ifstream file_;
};

struct Case {
  PlanWords words;
  std::vector<int32_t> shape;
  Floats parameters, values, targets, weights, mask;

  explicit Case(Reader& reader) {
    const auto count = reader.some<int32_t>(1);
    const auto list = reader.some<int32_t>(count[0]);
    words.read(list.data(), list.size());
    shape = reader.some<int32_t>(4);
    const Plan& plan = words.plan();
    parameters = reader.some<float>(plan.parameterCount);
    values = reader.some<float>(static_cast<long>(shape[0]) * shape[1] * shape[2] * shape[3]);
    targets = reader.some<float>(static_cast<long>(shape[0]) * plan.classifier.outputs);
    weights = reader.some<float>(shape[0]);
    mask = reader.some<float>(static_cast<long>(shape[0]) * plan.classifier.inputs);
    const std::string problem = problemOf(plan, images());
    if (!problem.empty()) throw Refused{problem};
  }

  Images images() const { return {values.data(), shape[0], shape[1], shape[2], shape[3]}; }
};

/** Gradient, statistics, loss, and the logits of both kinds, one after the other. */
Floats resultOf(const Case& one, const Workspace& workspace) {
  const Kernels& kernels = EMARS_ENTRY();
  const Plan& plan = one.words.plan();
  const long logits = static_cast<long>(one.shape[0]) * plan.classifier.outputs;
  // Vectors of their own, so that writing past one is seen.
  Floats gradient(plan.gradientCount), statistics(plan.statisticCount), batch(logits), fixed(logits);
  const double loss = kernels.gradient(plan, one.parameters.data(), one.images(),
                                       {one.targets.data(), one.weights.data(), one.mask.data()},
                                       gradient.data(), statistics.data(), workspace);
  Floats again(plan.statisticCount);
  kernels.batchForward(plan, one.parameters.data(), one.images(), again.data(), batch.data(), workspace);
  kernels.fixedForward(plan, one.parameters.data(), one.images(), statistics.data(), fixed.data(),
                       workspace);
  Floats all(sizeof loss / sizeof(float));
  std::memcpy(all.data(), &loss, sizeof loss);
  for (const Floats* part : {&gradient, &statistics, &again, &batch, &fixed})
    all.insert(all.end(), part->begin(), part->end());
  return all;
}

bool equalBits(const Floats& x, const Floats& y) {
  return x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size() * sizeof(float)) == 0;
}

int replay(const char* path) {
  Reader reader(path);
  Arena arena;
  Pool alone(1), three(3);
  int cases = 0;
  for (; !reader.atEnd(); cases++) {
    const Case one(reader);
    const Floats expected = resultOf(one, {arena, alone});
    // Twice: a race need not show at once.
    for (int round = 0; round < 2; round++)
      if (!equalBits(expected, resultOf(one, {arena, three}))) {
        std::fprintf(stderr, "case %d: three threads give other bits than one\n", cases);
        return 1;
      }
  }
  std::printf("%d cases\n", cases);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return count == 2 ? replay(arguments[1]) : 1;
  } catch (const Refused& refused) {
    std::fprintf(stderr, "%s\n", refused.reason.c_str());
    return 1;
  }
}
