"""Which seeds the storm and the random walks are tried for: those that a campaign asks
for, else the first few. 200 in all are tried with every run of the tests."""

import os


def seeds(usual):
    """The numbers from 1 to `usual`, unless ROPO_SEEDS says which: `1-20,37`."""
    parts = os.environ.get("ROPO_SEEDS", f"1-{usual}").split(",")
    ends = [[int(end) for end in part.split("-")] for part in parts]
    return [
        seed for first, *last in ends for seed in range(first, (last or [first])[0] + 1)
    ]
