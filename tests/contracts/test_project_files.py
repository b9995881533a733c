"""Metadata, lock, licence and changelog say the same as the tree."""

from __future__ import annotations

import configparser
import re
import subprocess
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

REPOSITORY = Path(__file__).resolve().parents[2]
SUPPORTED = ("3.11", "3.12", "3.13")


@pytest.fixture(scope="module")
def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(REPOSITORY / "setup.cfg", "utf-8")
    return parser


def lock_lines() -> list[str]:
    text = (REPOSITORY / "requirements.lock").read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def requirements(setup_cfg: configparser.ConfigParser) -> list[Requirement]:
    extras = "\n".join(setup_cfg["options.extras_require"].values())
    lines = f"{setup_cfg['options']['install_requires']}\n{extras}".splitlines()
    return [Requirement(line) for line in lines if line.strip()]


def marker_environment(python: str, *, platform: str) -> dict[str, str]:
    return {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": platform,
        "platform_system": {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[platform],
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }


def applies(marker: Marker | None, environment: dict[str, str]) -> bool:
    return marker is None or marker.evaluate(environment)


@pytest.mark.parametrize("python", SUPPORTED)
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_lock_has_one_version_inside_each_declared_range(
    setup_cfg: configparser.ConfigParser, python: str, platform: str
) -> None:
    environment = marker_environment(python, platform=platform)
    locked: dict[str, Version] = {}
    for requirement in map(Requirement, lock_lines()):
        if applies(requirement.marker, environment):
            assert requirement.name not in locked, f"two versions of {requirement.name}"
            (pin,) = requirement.specifier
            locked[canonicalize_name(requirement.name)] = Version(pin.version)
    declared = requirements(setup_cfg)
    assert len(declared) > 20
    outside = [
        str(r)
        for r in declared
        if applies(r.marker, environment)
        and not (
            (version := locked.get(canonicalize_name(r.name))) is not None
            and r.specifier.contains(version, prereleases=True)
        )
    ]
    assert outside == []


def test_lock_holds_plain_pins_without_addresses_or_paths() -> None:
    pin = re.compile(r"[a-z0-9-]+==[0-9][\w.+!]*( ; .+)?")
    assert [line for line in lock_lines() if not pin.fullmatch(line)] == []
    text = (REPOSITORY / "requirements.lock").read_text("utf-8")
    assert not re.search(r"https?:|file:|--index|--extra-index|--find-links", text)


def test_no_lock_of_another_tool_is_kept() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "uv.lock", ".venv", "data", "logs", "results", "demo"],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if tracked.returncode:
        pytest.skip("not a git checkout")
    assert set(tracked.stdout.split()) <= {"data/.gitkeep", "logs/.gitkeep", "results/.gitkeep"}


def test_setup_cfg_lists_every_package(setup_cfg: configparser.ConfigParser) -> None:
    """`data/`, `logs/`, `results/` break auto-discovery, so the list is by hand."""
    listed = set(setup_cfg["options"]["packages"].split())
    present = {
        ".".join(init.parent.relative_to(REPOSITORY).parts)
        for top in ("monitor", "dashboard", "positions_cli")
        for init in (REPOSITORY / top).rglob("__init__.py")
    }
    assert listed == present
    assert {"monitor", "dashboard", "positions_cli"} <= listed


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {
        path.parent
        for top in ("monitor", "dashboard", "positions_cli")
        for path in (REPOSITORY / top).rglob("*.py")
    }
    # alembic reads its scripts by path; they are data of the package, not modules of it
    missing = [f for f in folders if not (f / "__init__.py").exists() and f.name != "versions"]
    assert missing == []


def test_console_scripts_are_the_three_of_the_contract(
    setup_cfg: configparser.ConfigParser,
) -> None:
    scripts = dict(
        line.split(" = ")
        for line in setup_cfg["options.entry_points"]["console_scripts"].strip().splitlines()
    )
    assert set(scripts) == {"monitor", "positions", "dashboard"}


def test_pyproject_lets_uv_find_the_metadata_of_setup_cfg() -> None:
    text = (REPOSITORY / "pyproject.toml").read_text("utf-8")
    for field in (
        "version", "description", "readme", "license", "requires-python", "dependencies",
        "optional-dependencies", "scripts",
    ):  # fmt: skip
        assert f'"{field}"' in text


def test_license_is_mit() -> None:
    assert "MIT License" in (REPOSITORY / "LICENSE").read_text("utf-8")


def test_changelog_keeps_its_form() -> None:
    text = (REPOSITORY / "CHANGELOG.md").read_text("utf-8")
    assert text.startswith("# Changelog")
    assert "\n## [Unreleased]\n" in text
    known = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= known
