"""The optional addons in addons/, and those of OCA that they are for.

Only their own tests see them: the addon itself is tested where neither is.
"""

from . import config, steps, venv
from .place import HERE, ROOT, STATE, show

FOLDER = ROOT / "addons"
LOCK = HERE / "requirements-addons.txt"
HOME = STATE / "oca-addons"
CONFIG = STATE / "odoo-addons.conf"
# Where pip puts them below HOME, as it does in any environment.
INSTALLED = HOME / "odoo" / "addons"
# No optional addon depends on these: the addon itself looks whether they are there.
LOOKED_FOR = ["account_payment_order", "l10n_fi_edicode"]


def folders():
    return sorted(path.parent for path in FOLDER.glob("*/__manifest__.py"))


def names():
    return [folder.name for folder in folders()]


def ensure(odoo):
    """Have OCA's addons as pinned, and a configuration of Odoo that finds them."""
    if not steps.fresh(HOME, LOCK.read_bytes()):
        show("Optional addons: installing what they are for …")
        with steps.new_folder(HOME) as folder:
            # Odoo is there, though not always in a way that pip can see.
            venv.install(LOCK, "--target", folder)
        steps.stamp(HOME, LOCK.read_bytes())
    config.write(odoo, CONFIG, [FOLDER, INSTALLED])


def files():
    """Path and content of each file that has a say in what their database holds."""
    yield LOCK.read_bytes()
    for folder in folders():
        for path in sorted(folder.rglob("*")):
            parts = path.relative_to(folder).parts
            if path.is_file() and not {"__pycache__", "tests"} & set(parts):
                yield str(path.relative_to(FOLDER))
                yield path.read_bytes()
