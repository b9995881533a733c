"""What `--once` says of a snapshot."""

from __future__ import annotations

from fakes.snapshots import empty_snapshot, rich_snapshot

from monitor.cli.once import report


def test_what_may_be_entered_now_stands_with_its_live_trade_and_order() -> None:
    said = report(rich_snapshot(), as_json=False)
    assert "Enter now:\n  A41 NDX 3DTE P98 IRON_CONDOR: NDXP 24300/24400p 25400/25500c" in said
    assert "SELL −1 IRON CONDOR NDXP 24 FEB 26 25400/25500/24400/24300 @1.40 LMT" in said


def test_where_there_is_nothing_to_enter_nothing_is_said_of_it() -> None:
    assert "Enter now" not in report(empty_snapshot(), as_json=False)
