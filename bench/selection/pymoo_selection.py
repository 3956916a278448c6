"""The pymoo side of the selection benchmark: one line of JSON in, one out, as `contest.ts` says."""
import json
import sys
import time

import numpy as np
from pymoo.algorithms.moo.nsga3 import ReferenceDirectionSurvival
from pymoo.core.population import Population
from pymoo.core.problem import Problem
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

for line in sys.stdin:
    request = json.loads(line)
    values = np.array(request["values"], dtype=float)
    if request["task"] == "sort":
        sorting = NonDominatedSorting()
        started = time.perf_counter()
        fronts = sorting.do(values)
        seconds = time.perf_counter() - started
        check = [len(front) for front in fronts]
    else:
        problem = Problem(n_var=1, n_obj=values.shape[1], xl=0.0, xu=1.0)
        survival = ReferenceDirectionSurvival(np.array(request["references"], dtype=float))
        # Evaluated, and without constraints.
        population = Population.new(F=values, X=np.zeros((len(values), 1)))
        for individual in population:
            individual.evaluated.add("F")
        random_state = np.random.default_rng(1)
        started = time.perf_counter()
        survivors = survival.do(problem, population, n_survive=request["keep"], random_state=random_state)
        seconds = time.perf_counter() - started
        check = [len(survivors)]
    print(json.dumps({"milliseconds": 1000 * seconds, "check": check}), flush=True)
