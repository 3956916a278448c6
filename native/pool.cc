#include "pool.h"

#include "rounding.h"
#include "signals.h"

namespace {

/** Looks at the next job before a thread sleeps: some 20 µs, longer than between two loops of a pass. */
constexpr int LOOKS = 1000;

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

Pool::Pool(int threads) {
  // Signals of the process are for the threads that expect them.
  const SignalsKeptOut guard;
  workers_.reserve(threads - 1);
  for (int thread = 1; thread < threads; thread++)
    workers_.emplace_back([this, thread] { work(thread); });
}

Pool::~Pool() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

/**
 * A thread that comes late must neither be waited for nor read a job that is over: it says that it is
 * inside before it looks whether the job is still open, and who closes the job looks afterwards who is
 * inside. In one order of all these steps one of the two sees the other.
 */
void Pool::share(const Job& job) {
  job_ = job;
  next_ = 0;
  generation_++;
  if (parked_ > 0) {
    { const std::lock_guard<std::mutex> lock(mutex_); }
    wake_.notify_all();
  }
  take(job, 0);
  generation_++;
  for (int looks = 0; inside_ > 0; looks++) {
    if (looks < LOOKS)
      relax();
    else
      std::this_thread::yield();
  }
}

void Pool::work(int thread) {
  const DefaultRounding rounding;
  for (unsigned seen = 0;;) {
    seen = nextJob(seen);
    if (ending_) return;
    inside_++;
    if (generation_ == seen) take(job_, thread);
    inside_--;
  }
}

void Pool::take(const Job& job, int thread) {
  for (long item = next_++; item < job.count; item = next_++) job.run(job.task, item, thread);
}

/** The generation of a job that is open and was not seen before, or any when the pool ends. */
unsigned Pool::nextJob(unsigned seen) {
  const auto isNew = [this, seen](unsigned generation) {
    return ending_ || (generation != seen && generation % 2 == 1);
  };
  for (int looks = 0; looks < LOOKS; looks++) {
    const unsigned generation = generation_;
    if (isNew(generation)) return generation;
    relax();
  }
  std::unique_lock<std::mutex> lock(mutex_);
  parked_++;
  unsigned generation = generation_;
  while (!isNew(generation)) {
    wake_.wait(lock);
    generation = generation_;
  }
  parked_--;
  return generation;
}
