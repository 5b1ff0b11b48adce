"""A gateway whose civil clock can be moved while it runs, by libfaketime; its monotonic clock and its clients stay as they are."""
import pathlib

import pytest

LIBRARY = next(iter(sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)


class Clock:
    """Days ahead of the real clock, for a gateway that is started with `env`."""

    def __init__(self, folder):
        if LIBRARY is None:
            pytest.fail("libfaketime is missing: apt-get install faketime")
        self.file = folder / "clock"
        self.days = 0
        self.shift(0)

    @property
    def env(self):
        return {"LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
                "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def shift(self, days):
        self.days += days
        moved = self.file.with_suffix(".new")
        moved.write_text(f"+{self.days}d\n")
        moved.replace(self.file)
