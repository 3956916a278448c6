/** A plan as src/kernels/plan.ts writes it, read with its stages and units. */
#pragma once
#include <string>
#include <vector>

#include "plan.h"

/** What was given does not fit; becomes a RangeError in JavaScript. */
struct Refused {
  std::string reason;
};

class PlanWords {
 public:
  /** Errors: Refused where the length does not fit the counts. */
  void read(const int32_t* words, size_t length) {
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
    plan_ = {stages_.data(),
             static_cast<int32_t>(stages),
             units_.data(),
             static_cast<int32_t>(units),
             {words[5], words[6], words[7], words[8], words[9], words[10]},
             words[2],
             words[3],
             words[4]};
  }

  /** Lives as long as this object. */
  const Plan& plan() const { return plan_; }

 private:
  static constexpr size_t HEADER = 12, STAGE = 3, UNIT = 13;

  std::vector<Stage> stages_;
  std::vector<Unit> units_;
  Plan plan_{};
};
