/** What a computation works with, both of the thread that calls it: memory, and the threads that help. */
#pragma once
#include "arena.h"
#include "pool.h"

struct Workspace {
  Arena& arena;
  Pool& pool;
};
