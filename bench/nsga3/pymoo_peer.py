"""The pymoo side of the NSGA-III benchmark.

Reads {"case": …, "seeds": […]} from standard input (see problems.ts for a case) and writes one JSON
line a seed: {"seed", "seconds" of processor time, "values": objective values of the last population}.
Directions, population, generations, operators and problem are those of the case.
"""
import json
import sys
import time

import numpy as np
from pymoo.algorithms.moo.nsga3 import NSGA3
from pymoo.core.problem import Problem
from pymoo.operators.crossover.sbx import SBX
from pymoo.operators.mutation.pm import PM
from pymoo.optimize import minimize
from pymoo.problems import get_problem


class ScaledAndShifted(Problem):
    def __init__(self, case):
        self.inner = get_problem(case["shape"], n_var=case["variables"], n_obj=case["objectives"])
        self.scale = np.array(case["scale"], dtype=float)
        self.shift = np.array(case["shift"], dtype=float)
        super().__init__(n_var=case["variables"], n_obj=case["objectives"], xl=0.0, xu=1.0)

    def _evaluate(self, x, out, *args, **kwargs):
        inner = {}
        self.inner._evaluate(x, inner)
        out["F"] = inner["F"] * self.scale + self.shift


def main():
    request = json.load(sys.stdin)
    case = request["case"]
    directions = np.array(case["directions"], dtype=float)
    for seed in request["seeds"]:
        algorithm = NSGA3(
            directions,
            pop_size=case["population"],
            crossover=SBX(eta=30, prob=1.0),
            mutation=PM(eta=20, prob=1.0, prob_var=1.0 / case["variables"]),
        )
        started = time.process_time()
        # pymoo counts the first population as a generation.
        result = minimize(ScaledAndShifted(case), algorithm, ("n_gen", case["generations"] + 1), seed=seed, verbose=False)
        seconds = time.process_time() - started
        assert result.algorithm.evaluator.n_eval == case["population"] * (case["generations"] + 1)
        print(json.dumps({"seed": seed, "seconds": seconds, "values": result.pop.get("F").tolist()}), flush=True)


main()
