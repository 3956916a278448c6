/**
 * Keeps every signal but those of faults from the thread that makes an object of this, while the object
 * lives: they go to another thread, or wait. A thread that is started meanwhile has none for good.
 */
#pragma once
#include <signal.h>

class SignalsKeptOut {
 public:
  SignalsKeptOut() {
    sigset_t all;
    sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP}) sigdelset(&all, fault);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsKeptOut() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsKeptOut(const SignalsKeptOut&) = delete;
  SignalsKeptOut& operator=(const SignalsKeptOut&) = delete;

 private:
  sigset_t before_;
};
