/**
 * Threads that share the items of a loop. Which thread takes an item decides no bit: an item writes what
 * no other one writes, and no sum runs from one into another.
 */
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

class Pool {
 public:
  /** `threads` with the one that calls: 1 starts none. Errors: std::system_error. */
  explicit Pool(int threads);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  /** Ends the threads. */
  ~Pool();

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /** How many items to cut a loop into: `each` for every thread, so that none waits long; 1 for one thread. */
  long parts(long each) const { return workers_.empty() ? 1 : each * threads(); }

  /**
   * Calls task(item, thread) once for each item from 0 to `count`, thread below `threads()`; returns when
   * all have ended. Not from within a task, nor from two threads at once; a task must not throw.
   */
  template <typename Task>
  void each(long count, const Task& task) {
    if (workers_.empty() || count <= 1) {
      for (long item = 0; item < count; item++) task(item, 0);
      return;
    }
    share({call<Task>, &task, count});
  }

 private:
  struct Job {
    void (*run)(const void* task, long item, int thread);
    const void* task;
    long count;
  };

  template <typename Task>
  static void call(const void* task, long item, int thread) {
    (*static_cast<const Task*>(task))(item, thread);
  }

  void share(const Job& job);
  void work(int thread);
  void take(const Job& job, int thread);
  unsigned nextJob(unsigned seen);

  std::vector<std::thread> workers_;
  Job job_{};
  /** Odd while a job is open. */
  std::atomic<unsigned> generation_{0};
  std::atomic<long> next_{0};
  /** Threads that may be reading the job. */
  std::atomic<int> inside_{0};
  std::atomic<int> parked_{0};
  std::atomic<bool> ending_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
};
