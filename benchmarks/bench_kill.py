"""A thousand kill -9 over position changes and alerts: what is lost, torn or doubled.

    python benchmarks/bench_kill.py [KILLS]

Two thirds of the kills hit writers of positions, three at once on one database, each after another
number of acknowledged changes; one third hits a process that commits alerts and sends them to the
log files, each at another line of that code. After every kill the book is read whole. Figures to
reach: 0 lost, 0 torn, 0 log lines twice.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fakes.book_writer import Writer, add_update_close  # noqa: E402 -- the tests' own writers
from fakes.emitter import Emitter  # noqa: E402

from monitor.config import Settings  # noqa: E402
from monitor.domain.position_record import to_record  # noqa: E402
from monitor.store.engine import read  # noqa: E402
from monitor.store.migrate import check_integrity  # noqa: E402
from monitor.store.position_events import history, replay  # noqa: E402
from monitor.store.store import open_store  # noqa: E402

ORDER = ["add", "update", "close"]


def kill_writers(home: Path, rounds: int) -> tuple[int, int]:
    """Changes that were acknowledged and are gone, and books that were not whole."""
    lost = torn = 0
    for number in range(rounds):
        writers = [Writer(add_update_close, home, 10**9) for _ in range(3)]
        acknowledged: dict[str, str] = {}
        for i, writer in enumerate(writers):
            heard = [writer.hear() for _ in range(1 + (number + i) % 4)]
            writer.process.kill()
            acknowledged |= {one: what for what, one in [*heard, *writer.rest()]}
        store = open_store(home, Settings())
        check_integrity(store.engine)
        with read(store.engine) as connection:
            log = history(connection)
        book = {p.id: to_record(p) for p in store.list_positions(include_closed=True)}
        store.close()
        torn += replay(log) != book
        last = {event.position_id: event.kind.value for event in log}
        lost += sum(
            one not in last or ORDER.index(last[one]) < ORDER.index(what)
            for one, what in acknowledged.items()
        )
    return lost, torn


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    begun = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        rounds = round(kills * 2 / 3 / 3)
        lost, torn = kill_writers(home, rounds)
        print(f"{3 * rounds} writers of positions killed: {lost} lost, {torn} torn")
    with tempfile.TemporaryDirectory() as folder:
        emitter = Emitter(Path(folder))
        wanted = kills - 3 * rounds
        killed = emitter.kill(wanted)
        found = emitter.compare()
        print(f"{killed} senders of alerts killed: {found.missing} lost, {found.doubled} twice, "
              f"{found.torn} torn lines")  # fmt: skip
    print(f"{perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
