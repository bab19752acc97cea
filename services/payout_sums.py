"""Which collected payments make up a payout: plain sums in minor units, no database."""

import re

# The search for an exact sum looks at this many of the oldest payments, and stops when
# it knows this many different sums: half a second at the most.
ITEMS_SEARCHED = 60
SUMS_SEARCHED = 200_000
SHORTEST_NAME = 4  # of a number by which a payment is named: "12" may mean anything

GROUPED_DIGITS = re.compile(r"(?<=\d)\s+(?=\d)")
WORD = re.compile(r"[^\s,;:()\[\]]+")


def choose(target, items, named=()):
    """Which of these make up `target`, and by what they were found.

    An exact sum comes first: of what the bank line names, of one payment, of the oldest
    ones without a gap, of any few. Else what the bank line names, or the oldest ones up
    to the amount; the rest is then left over.

    :param target: what was paid out, in minor units; negative where Ropo took money
    :param items: `[(key, open amount)]`, the oldest first; reversals are negative
    :param named: the keys of what the bank line names
    :return: `(keys, basis)`; basis is one of `named`, `one`, `oldest`, `some`,
        `named_part`, `part`, `none`
    """
    if target < 0:
        mirrored = [(key, -amount) for key, amount in items]
        return choose(-target, mirrored, named)
    named_items = [item for item in items if item[0] in set(named)]
    if found := _some(target, named_items):
        return found, "named"
    for key, amount in items:
        if amount == target:
            return [key], "one"
    if found := _oldest(target, items):
        return found, "oldest"
    if found := _some(target, items[:ITEMS_SEARCHED]):
        return found, "some"
    if named_items:
        return [key for key, _amount in named_items], "named_part"
    found = _up_to(target, items)
    return found, "part" if found else "none"


def _oldest(target, items):
    """All up to the one with which the sum is exact."""
    total = 0
    for count, (_key, amount) in enumerate(items, 1):
        total += amount
        if total == target:
            return [key for key, _amount in items[:count]]
    return []


def _some(target, items):
    """Some of these whose sum is exact, where the bounded search finds them.

    A sum is kept with the way that was found first, which is that of older payments.
    """
    if not target:
        return []
    ways = {0: None}
    for number, (_key, amount) in enumerate(items):
        for known in list(ways):
            ways.setdefault(known + amount, (known, number))
        if target in ways:
            return _way(target, items, ways)
        if len(ways) > SUMS_SEARCHED:
            return []
    return []


def _way(total, items, ways):
    found = []
    while ways[total]:
        total, number = ways[total]
        found.append(items[number][0])
    return found[::-1]


def _up_to(target, items):
    """The oldest ones whose sum is not more than the target, whole."""
    found, total = [], 0
    for key, amount in items:
        if total + amount > target:
            break
        found.append(key)
        total += amount
    return found


# --- names ---


def words_of(text):
    """The words of a bank line's text, as :func:`normal` writes them.

    A reference that is printed in groups of digits counts as one word too.
    """
    texts = (text, GROUPED_DIGITS.sub("", text))
    return {normal(word) for text in texts for word in WORD.findall(text)}


def is_named(names, words):
    """Whether one of these numbers is among the words."""
    return any(
        len(name) >= SHORTEST_NAME and name in words
        for name in map(normal, filter(None, names))
    )


def normal(word):
    """Without punctuation, leading zeros and case."""
    return re.sub(r"[\W_]", "", word).upper().lstrip("0")
