"""Word problems with worked steps and a last line `Answer: …`."""

import random

from workbook.pocket.families.problem import Problem, ends_within, long_division, number

TRAVELLERS = ("train", "bus", "car", "truck", "cyclist", "ship")


def travel_time(rng: random.Random) -> Problem:
    """Changed speed, same journey. Speeds 20 to 120 km/h, 2 to 9 hours, changes of 5 to 60."""
    while True:
        hours, speed, change = rng.randint(2, 9), rng.randrange(20, 125, 5), rng.randrange(5, 65, 5)
        if ends_within(speed * hours, speed + change):
            break
    distance, new = speed * hours, speed + change
    who = rng.choice(TRAVELLERS)
    prompt = rng.choice(
        (
            f"A {who} travels {distance} km in {hours} hours. If it increases its speed by "
            f"{change} km/h, how long would the same journey take?",
            f"A {who} covers {distance} km in {hours} hours. How long does the same trip take "
            f"if it goes {change} km/h faster?",
            f"It takes a {who} {hours} hours to travel {distance} km. How many hours would it "
            f"take at a speed {change} km/h higher?",
            f"A {who} needs {hours} hours for {distance} km. With {change} km/h more speed, how "
            f"long is the same journey?",
        )
    )
    answer = (
        f"Speed: {distance} / {hours} = {speed} km/h.\n"
        f"New speed: {speed} + {change} = {new} km/h.\n"
        f"Time: {long_division(distance, new)}\n"
        f"Answer: {number(distance / new)} hours"
    )
    key = (distance, hours, change)
    return Problem("travel_time", key, prompt, answer, distance / new, "number")


def distance(rng: random.Random) -> Problem:
    """Two legs at two speeds. Speeds 20 to 95, half hours from 0.5 to 6."""
    first, second = rng.randrange(20, 100, 5), rng.randrange(20, 100, 5)
    halves = rng.randint(1, 12), rng.randint(1, 12)
    unit, far = rng.choice((("mph", "miles"), ("km/h", "km")))
    hours = [number(h / 2, 1) for h in halves]
    said = [f"{h} hour" if h == "1" else f"{h} hours" for h in hours]
    who = rng.choice(TRAVELLERS)
    prompt = rng.choice(
        (
            f"If a {who} travels at {first} {unit} for {said[0]}, then at {second} {unit} for "
            f"{said[1]}, what is the total distance traveled?",
            f"A {who} goes {first} {unit} for {said[0]} and then {second} {unit} for {said[1]}. "
            f"How far does it go in total?",
            f"How far does a {who} get in {said[0]} at {first} {unit} followed by {said[1]} at "
            f"{second} {unit}?",
            f"A {who} drives {said[0]} at {first} {unit}, then {said[1]} at {second} {unit}. "
            f"Find the total distance.",
        )
    )
    legs = [_leg(first, halves[0]), _leg(second, halves[1])]
    parts = first * halves[0] / 2, second * halves[1] / 2
    total = sum(parts)
    answer = (
        f"First leg: {legs[0]} {far}.\nSecond leg: {legs[1]} {far}.\n"
        f"Total: {number(parts[0], 1)} + {number(parts[1], 1)} = {number(total, 1)} {far}.\n"
        f"Answer: {number(total, 1)} {far}"
    )
    key = (first, 5 * halves[0], second, 5 * halves[1])
    return Problem("distance", key, prompt, answer, total, "number")


def _leg(speed: int, halves: int) -> str:
    whole, half = divmod(halves, 2)
    result = number(speed * halves / 2, 1)
    if not half:
        return f"{speed} x {whole} = {result}"
    if not whole:
        return f"{speed} x 0.5 = {result}"
    return (
        f"{speed} x {whole} = {speed * whole}, {speed} x 0.5 = {number(speed / 2, 1)}, "
        f"{speed * whole} + {number(speed / 2, 1)} = {result}"
    )


def area_change(rng: random.Random) -> Problem:
    """A rectangle whose sides grow. Sides of 3 to 40 and 2 to 30 cm, growth of 5 to 60 %."""
    length, width, percent = rng.randint(3, 40), rng.randint(2, 30), rng.randrange(5, 65, 5)
    factor = 1 + percent / 100
    growth = number((factor * factor - 1) * 100)
    prompt = rng.choice(
        (
            f"A rectangle has length {length}cm and width {width}cm. If we increase both "
            f"dimensions by {percent}%, what is the percentage increase in area?",
            f"Both sides of a {length} cm by {width} cm rectangle grow by {percent}%. By how "
            f"many percent does its area grow?",
            f"The sides of a rectangle are {length} cm and {width} cm. Each side gets {percent}% "
            f"longer. What is the increase of the area in percent?",
            f"A {length} x {width} cm rectangle is enlarged by {percent}% in length and in "
            f"width. How much larger is its area, in percent?",
        )
    )
    answer = (
        f"Each side is multiplied by {number(factor)}.\n"
        f"The area is multiplied by {number(factor)} x {number(factor)} = "
        f"{number(factor * factor, 4)}.\n"
        f"Increase: {number(factor * factor, 4)} - 1 = {number(factor * factor - 1, 4)}, "
        f"that is {growth}%.\n"
        f"Answer: {growth}%"
    )
    key = (length, width, percent)
    return Problem("area_change", key, prompt, answer, float(growth), "number")


def average(rng: random.Random) -> Problem:
    """The mean of three to five whole numbers from 2 to 99."""
    while True:
        numbers = [rng.randint(2, 99) for _ in range(rng.randint(3, 5))]
        if ends_within(sum(numbers), len(numbers)):
            break
    listed = f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
    prompt = rng.choice(
        (
            f"What is the average of {listed}?",
            f"Find the mean of {listed}.",
            f"My test scores are {listed}. What is my average score?",
            f"Compute the average of the numbers {listed}.",
        )
    )
    sums, total = [], numbers[0]
    for value in numbers[1:]:
        sums.append(f"{total} + {value} = {total + value}.")
        total += value
    mean = number(total / len(numbers))
    answer = (
        f"Sum: {' '.join(sums)}\n"
        f"There are {len(numbers)} numbers. {long_division(total, len(numbers))}\n"
        f"Answer: {mean}"
    )
    return Problem("average", tuple(numbers), prompt, answer, float(mean), "number")


def unit_price(rng: random.Random) -> Problem:
    """A shopping sum of two items: 2 to 9 pieces at 2 to 19 dollars each."""
    goods = rng.sample(("pens", "books", "apples", "mugs", "lamps", "shirts", "cables", "fans"), 2)
    counts = rng.randint(2, 9), rng.randint(2, 9)
    prices = rng.randint(2, 19), rng.randint(2, 19)
    prompt = rng.choice(
        (
            f"What do {counts[0]} {goods[0]} at ${prices[0]} each and {counts[1]} {goods[1]} at "
            f"${prices[1]} each cost together?",
            f"I buy {counts[0]} {goods[0]} for ${prices[0]} each and {counts[1]} {goods[1]} for "
            f"${prices[1]} each. How much do I pay?",
            f"One of the {goods[0]} costs ${prices[0]}, one of the {goods[1]} ${prices[1]}. What "
            f"is the price of {counts[0]} {goods[0]} and {counts[1]} {goods[1]}?",
            f"A shop sells {goods[0]} at ${prices[0]} and {goods[1]} at ${prices[1]}. Find the "
            f"total for {counts[0]} {goods[0]} and {counts[1]} {goods[1]}.",
        )
    )
    parts = counts[0] * prices[0], counts[1] * prices[1]
    answer = (
        f"{goods[0].capitalize()}: {counts[0]} x {prices[0]} = {parts[0]}.\n"
        f"{goods[1].capitalize()}: {counts[1]} x {prices[1]} = {parts[1]}.\n"
        f"Total: {parts[0]} + {parts[1]} = {sum(parts)}.\n"
        f"Answer: ${sum(parts)}"
    )
    key = (*counts, *prices)
    return Problem("unit_price", key, prompt, answer, float(sum(parts)), "number")
