"""The page in a real browser: it updates, goes stale, escapes, and obeys its own policy.

Instants are the machine's own here, because the browser's clock is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes.browser import PATIENCE_MS
from fakes.snapshots import (
    HOSTILE_NOTE,
    empty_snapshot,
    rich_snapshot,
    write_charts,
    write_snapshot,
)
from playwright.sync_api import Browser, Page, expect

from dashboard.serve import PageServer, page_server
from dashboard.snapshot_source import FileSnapshotSource
from monitor.clock import SystemClock
from monitor.domain.snapshot import Snapshot

pytestmark = pytest.mark.browser


@pytest.fixture
def server(home: Path) -> Iterator[PageServer]:
    running = page_server(FileSnapshotSource(home), SystemClock(), host="127.0.0.1", port=0)
    running.start()
    yield running
    running.stop()


def rich(*, age_s: float = 0, refresh_s: float = 1.0) -> Snapshot:
    return rich_snapshot(datetime.now(UTC) - timedelta(seconds=age_s), refresh_s=refresh_s)


def show(home: Path, snapshot: Snapshot) -> None:
    write_charts(home, snapshot)
    write_snapshot(home, snapshot)


def ready(page: Page, server: PageServer) -> None:
    page.goto(server.url)
    page.wait_for_selector("html[data-ready]")


def test_the_page_updates_itself_without_reloading(
    home: Path, server: PageServer, page: Page, complaints: list[str]
) -> None:
    show(home, rich())
    ready(page, server)
    page.evaluate("window.sameDocument = true")
    page.locator("#alert-A41-s").click()
    page.locator("#alert-A41-s").focus()
    before = rich()
    market = replace(before.markets[0], price=25001.5)
    newest = replace(before.alerts[1], id="A45", title="Regime change: MEDIUM → HIGH (VIX 20.6)")
    alerts = (newest, *before.alerts[:9])
    show(home, replace(before, markets=(market, before.markets[1]), alerts=alerts))
    expect(page.locator("#market")).to_contain_text("25,001.50", timeout=PATIENCE_MS)
    expect(page.locator("#alerts")).to_contain_text("MEDIUM → HIGH")
    assert page.evaluate("window.sameDocument") is True
    # What the person had opened and focused stays so.
    assert page.locator("#alert-A41").get_attribute("open") is not None
    assert page.evaluate("document.activeElement.id") == "alert-A41-s"
    assert complaints == []


CARD = "#card-NDX-3-P98-iron-condor-neutral-100-0-07-30"


def test_an_opened_card_stays_open_and_focused_while_its_prices_move(
    home: Path, server: PageServer, page: Page, complaints: list[str]
) -> None:
    show(home, rich())
    ready(page, server)
    card = page.locator(CARD).first
    expect(card.locator(".card")).to_be_hidden()
    card.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(card.locator(".card")).to_be_visible()
    before = rich()
    first = before.opportunities[0]
    assert first.trade is not None
    moved = replace(first, rank=9, trade=replace(first.trade, credit_fill=1.35))
    show(home, replace(before, opportunities=(moved, *before.opportunities[1:])))
    expect(card.locator("summary")).to_contain_text("for 1.35 pts", timeout=PATIENCE_MS)
    assert card.get_attribute("open") is not None
    assert page.evaluate("document.activeElement.id") == f"{CARD[1:]}-s"
    assert complaints == []


def test_an_order_line_is_copied_to_the_letter(
    home: Path, server: PageServer, page: Page, complaints: list[str]
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    show(home, rich(refresh_s=3600))
    ready(page, server)
    page.locator(f"{CARD} summary").first.click()
    button = page.get_by_role("button", name="Copy the order line").first
    button.click()
    expect(button).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "SELL −1 IRON CONDOR NDXP 24 FEB 26 25400/25500/24400/24300 @1.40 LMT"
    assert complaints == []


def test_a_positions_history_is_drawn_and_survives_a_refresh(
    home: Path, server: PageServer, page: Page, complaints: list[str]
) -> None:
    show(home, rich())
    ready(page, server)
    history = page.locator("#position-a3f8 .history")
    expect(history.locator("polyline")).to_be_visible()
    expect(history.locator("[data-said]")).to_contain_text(
        re.compile(r"to \+\u2060\$\d+.*last \d+ s ago")
    )
    before = rich()
    first = replace(before.positions[0], pnl_usd=104.0)
    show(home, replace(before, positions=(first, *before.positions[1:])))
    expect(page.locator("#position-a3f8 .pnl")).to_contain_text("+$104", timeout=PATIENCE_MS)
    expect(history.locator("polyline")).to_be_visible()
    assert complaints == []


def test_windows_that_passed_are_folded(home: Path, server: PageServer, page: Page) -> None:
    show(home, rich(refresh_s=3600))
    ready(page, server)
    passed = page.locator("#opportunities-passed")
    expect(passed.locator("summary").first).to_have_text("1 whose window has passed")
    expect(passed.locator("table")).to_be_hidden()
    expect(page.locator("#opportunities-scroll")).not_to_contain_text("window passed")


def test_trap_32_it_goes_stale_in_large_letters_when_nothing_new_comes(
    home: Path, server: PageServer, page: Page, complaints: list[str]
) -> None:
    # Due 58 s ago at the latest: the grace of 5 s runs out while the page is open.
    soon = rich(age_s=62)
    show(home, soon)
    ready(page, server)
    stale = page.locator("#stale strong")
    expect(stale).to_have_text("STALE")
    expect(stale).to_be_visible(timeout=PATIENCE_MS)
    # Found and measured in one go: a refresh may put another element in its place.
    assert page.evaluate(FONT_SIZE, "#stale strong") >= 24
    expect(page.locator("#stale")).to_contain_text(re.compile(r"1 min ago"))
    expect(page).to_have_title(re.compile("^STALE"))
    # And it recovers by itself.
    show(home, rich())
    expect(stale).to_be_hidden(timeout=PATIENCE_MS)
    assert complaints == []


def test_a_server_that_is_gone_is_said_in_large_letters_and_forgiven(
    home: Path, server: PageServer, page: Page
) -> None:
    show(home, rich())
    ready(page, server)
    port = server.port
    server.stop()
    lost = page.locator("#lost strong")
    expect(lost).to_be_visible(timeout=PATIENCE_MS)
    expect(lost).to_have_text("CONNECTION LOST")
    expect(page).to_have_title(re.compile("^CONNECTION LOST"))
    again = page_server(FileSnapshotSource(home), SystemClock(), host="127.0.0.1", port=port)
    again.start()
    try:
        expect(lost).to_be_hidden(timeout=PATIENCE_MS)
    finally:
        again.stop()


def test_fault_40_trap_31_a_hostile_note_is_shown_as_text(
    home: Path, server: PageServer, page: Page, complaints: list[str]
) -> None:
    show(home, rich())
    ready(page, server)
    expect(page.locator("#position-7c1e .note")).to_have_text(HOSTILE_NOTE)
    # Also when it arrives by an update instead of with the page.
    snapshot = rich()
    nasty = '</bdi><img src=x onerror="alert(2)">{{ 7*7 }}'
    moved = replace(snapshot.positions[0], notes=(nasty,))
    show(home, replace(snapshot, positions=(moved, *snapshot.positions[1:])))
    expect(page.locator("#position-a3f8 .note")).to_have_text(nasty, timeout=PATIENCE_MS)
    assert page.locator("main img").count() == 0
    assert "49" not in page.locator("#position-7c1e .note").inner_text()
    assert complaints == []


def test_charts_come_after_the_text_and_break_no_policy(
    home: Path, server: PageServer, page: Page, complaints: list[str]
) -> None:
    show(home, rich())
    page.goto(server.url)
    page.wait_for_selector("figure[data-ticker=NDX] .main-svg")
    page.wait_for_selector("figure[data-ticker=SPX] .main-svg")
    bands = page.locator("figure[data-ticker=NDX] .annotation-text")
    expect(bands).to_have_text(["low", "medium"])
    figure = page.locator("figure[data-ticker=NDX] .plot")
    figure.scroll_into_view_if_needed()
    figure.hover(position={"x": 150, "y": 90})
    page.wait_for_selector("figure[data-ticker=NDX] .hoverlayer .hovertext, .hoverlayer .legend")
    page.keyboard.press("t")  # recolors the charts
    assert complaints == []


def test_before_anything_is_written_the_page_waits_and_then_fills(
    home: Path, server: PageServer, page: Page, complaints: list[str]
) -> None:
    ready(page, server)
    expect(page.locator("#status")).to_contain_text("has not written anything yet")
    show(home, rich())
    expect(page.locator("#positions")).to_contain_text("7c1e", timeout=PATIENCE_MS)
    page.wait_for_selector("figure[data-ticker=NDX] .main-svg")
    assert complaints == []


def test_the_keyboard_reaches_everything(home: Path, server: PageServer, page: Page) -> None:
    show(home, rich(refresh_s=3600))
    ready(page, server)
    panels = ["market", "positions", "portfolio", "health", "opportunities", "charts", "alerts"]
    for number, panel in enumerate([*panels, "funnel"], 1):
        page.keyboard.press(str(number))
        assert page.evaluate("document.activeElement.id") == panel
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    fresh = rich(refresh_s=3600)
    show(home, replace(fresh, markets=(replace(fresh.markets[0], price=25002.5),)))
    page.keyboard.press("r")
    expect(page.locator("#market")).to_contain_text("25,002.50")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


@pytest.mark.parametrize("width", [320, 390, 480, 768, 1024, 1920])
def test_no_width_scrolls_sideways(home: Path, server: PageServer, page: Page, width: int) -> None:
    for snapshot in (rich(refresh_s=3600), empty_snapshot(datetime.now(UTC), refresh_s=3600.0)):
        write_snapshot(home, snapshot)
        page.set_viewport_size({"width": width, "height": 800})
        ready(page, server)
        page.evaluate(OPEN_ALL)
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_keeps_its_contrast_in_light_and_dark(
    home: Path, server: PageServer, page: Page, scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    write_snapshot(home, rich(refresh_s=3600))
    ready(page, server)
    page.evaluate(OPEN_ALL)
    assert page.evaluate(LOW_CONTRAST) == []


def test_readable_without_javascript(home: Path, server: PageServer, browser: Browser) -> None:
    show(home, rich(age_s=600))
    context = browser.new_context(java_script_enabled=False)
    try:
        plain = context.new_page()
        plain.goto(server.url)
        expect(plain.locator("#stale strong")).to_be_visible()
        expect(plain.locator("#positions")).to_contain_text("−$940")
        assert "reload it to see the newest state" in plain.locator("footer").inner_text()
    finally:
        context.close()


def test_fault_53_a_rebound_name_gets_nothing(home: Path, server: PageServer, page: Page) -> None:
    show(home, rich())
    answer = page.goto(f"http://rebound.example:{server.port}/")
    assert answer is not None
    assert answer.status == 400
    assert "24,876" not in page.content()


def test_fault_54_a_form_of_another_local_page_is_refused(
    home: Path, server: PageServer, page: Page
) -> None:
    show(home, rich())
    page.route("http://localhost:9/", lambda route: route.fulfill(
        content_type="text/html",
        body=f'<form method="post" action="{server.url}"><button>go</button></form>',
    ))  # fmt: skip
    page.goto("http://localhost:9/")
    with page.expect_navigation() as leaving:
        page.locator("button").click()
    assert leaving.value is not None
    assert leaving.value.status == 403


OPEN_ALL = "document.querySelectorAll('details').forEach((d) => { d.open = true; })"
FONT_SIZE = "found => parseFloat(getComputedStyle(document.querySelector(found)).fontSize)"

# WCAG AA: 4.5 to 1, or 3 to 1 for large text. Backgrounds are those of the nearest painted parent.
LOW_CONTRAST = """
() => {
  const rgb = (text) => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (e) => {
    for (let at = e; at; at = at.parentElement) {
      const color = rgb(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const low = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
    if (element.closest("svg, noscript, .skip")) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(rgb(style.color)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) low.push(`${texts.currentNode.data.trim()} ${ratio.toFixed(2)}`);
  }
  return low;
}
"""
