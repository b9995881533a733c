"""What every test may use: a home folder of its own and the shared real data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real market data beside the project; tests skip, saying so, where it is absent."""
    folder = Path(os.environ.get("CONDORWATCH_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real market data not found at {folder} (set CONDORWATCH_SHARED_DATA)")
    return folder
