"""Builds the page before a wheel or a source release is packed, so that whoever installs it needs no Node.

A source release brings the page that was built from its own sources, so a wheel made from it builds nothing.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WITHOUT = "REMIT_WITHOUT_PAGE"
"""Set, a package is made without the page: its door says so, and everything else works."""


class PageHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the page where it is not what its sources say."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or os.environ.get(WITHOUT) == "1":
            return
        spec = importlib.util.spec_from_file_location("remit_web", Path(self.root) / "scripts" / "web.py")
        assert spec is not None and spec.loader is not None
        web = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(web)
        try:
            web.build()
        except web.NotMade as fault:
            sys.exit(f"{fault}; or set {WITHOUT}=1 to do without the page")
