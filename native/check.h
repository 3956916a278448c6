/** Whether a plan and what comes with it fit together: nothing the kernels read or write is believed
 * unseen. */
#pragma once
#include <string>

#include "plan.h"

/** What is wrong, in words; empty if nothing is. */
std::string problemOf(const Plan& plan, const Images& images);
