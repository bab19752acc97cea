"""Puts the bill of materials into the wheel where one was made (PEP 770); `python3 -m
dev wheel` makes it."""

import os

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class SbomHook(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version, build_data):
        if bill := os.environ.get("ROPO_SBOM"):
            build_data["sbom_files"].append(bill)
