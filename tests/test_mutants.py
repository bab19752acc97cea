"""What stands in the list of mutants that nothing can tell from the code."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GROUPS = json.loads((ROOT / "dev/equal_mutants.json").read_text())


def test_each_equal_mutant_has_a_reason_and_is_made_of_code_that_is_there():
    assert GROUPS
    for group in GROUPS:
        assert group["why"].endswith(".")
        source = " ".join((ROOT / group["path"]).read_text().split())
        for mutant in group["mutants"]:
            place, _, change = mutant.partition(": ")
            assert f"def {place.rpartition('.')[2]}(" in source, mutant
            assert change.partition(" → ")[0] in source, mutant
