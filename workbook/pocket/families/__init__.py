"""The problem generators: what pocket is taught and, with held-out keys, tested on.

Every generator takes a `random.Random` and gives a `Problem`; the same seed gives the same
problems. `training` and `held_out_problems` draw from disjoint sets of problems.
"""

import random
from collections.abc import Iterator
from dataclasses import replace

from workbook.pocket.families import code, logic, manners, mathematics, tools
from workbook.pocket.families.problem import (
    SYSTEM_PROMPTS,
    Family,
    Problem,
    held_out,
    same_problem,
)

WEIGHTS: dict[Family, float] = {
    mathematics.travel_time: 3,
    mathematics.distance: 3,
    mathematics.area_change: 1.5,
    mathematics.average: 2.5,
    mathematics.unit_price: 2,
    logic.syllogism: 2,
    code.function: 1,
    tools.call: 3,
    manners.greeting: 0.5,
    manners.fact: 0.7,
    manners.unknown: 0.8,
}
"""How often each family is drawn in training, relative to the others."""

BY_NAME = {
    "travel_time": mathematics.travel_time,
    "distance": mathematics.distance,
    "area_change": mathematics.area_change,
    "average": mathematics.average,
    "unit_price": mathematics.unit_price,
    "syllogism": logic.syllogism,
    "tool_call": tools.call,
}


def with_system(problem: Problem, rng: random.Random) -> Problem:
    """The problem under a system prompt drawn at random, half of the time under none."""
    if rng.random() < 0.5:
        return problem
    return replace(problem, system=rng.choice(SYSTEM_PROMPTS))


def training(seed: int) -> Iterator[Problem]:
    """An endless stream of problems, none of which is held out."""
    rng = random.Random(seed)
    makers, weights = list(WEIGHTS), list(WEIGHTS.values())
    while True:
        problem = rng.choices(makers, weights)[0](rng)
        if held_out(problem.family, problem.key):
            continue
        if not problem.tools and rng.random() < 0.08:
            problem = _with_unneeded_tools(problem, rng)
        yield with_system(problem, rng)


def held_out_problems(family: str, count: int, seed: int) -> list[Problem]:
    """`count` different problems of one family that training never sees, not with their parts
    swapped either, without system prompt."""
    rng, seen, found = random.Random(seed), set(), []
    while len(found) < count:
        problem = BY_NAME[family](rng)
        unseen = all(held_out(family, key) for key in same_problem(family, problem.key))
        if unseen and problem.key not in seen:
            seen.add(problem.key)
            found.append(problem)
    return found


def _with_unneeded_tools(problem: Problem, rng: random.Random) -> Problem:
    return replace(problem, tools=tools.call(rng).tools)
