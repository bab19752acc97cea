"""Odoo's configuration file, and the link that gives the checkout the addon's name."""

from .place import NAME, STATE

PATH = STATE / "odoo.conf"
DATA = STATE / "data"
ADDONS = STATE / "addons"
# Odoo takes an addon's name from its folder, and a checkout may have any name.
ADDON = ADDONS / NAME


def write(odoo, path=PATH, others=(), own=ADDONS):
    """Write the configuration to `path`; `own` is the folder of the addon, and `others`
    are further folders of addons."""
    DATA.mkdir(exist_ok=True)
    ADDONS.mkdir(exist_ok=True)
    if not ADDON.is_symlink():
        ADDON.symlink_to("../..")
    paths = ",".join(map(str, [*odoo.addons_paths, own, *others]))
    path.write_text(
        f"""[options]
addons_path = {paths}
data_dir = {DATA}
screenshots = {STATE / "screenshots"}
http_interface = 127.0.0.1
max_cron_threads = 0
"""
    )
