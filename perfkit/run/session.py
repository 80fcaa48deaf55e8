"""A run while it is being made: what is known of it stands in its file at every moment."""

from dataclasses import replace
from typing import Any

from perfkit.errors import EvidenceError, PerfkitError
from perfkit.evidence import Run, RunDirectory
from perfkit.load.driver import Drive
from perfkit.run import endings, runfile, tables
from perfkit.run.options import Options
from perfkit.scenario.model import Scenario


class Session:
    """Its file is kept true at every step, so that a killed run can be read."""

    def __init__(self, scenario: Scenario, directory: RunDirectory, options: Options, run: Run) -> None:
        self.scenario = scenario
        self.directory = directory
        self.options = options
        self.run = run
        self.error: PerfkitError | None = None
        self.has_samples = False

    def tell(self, news: str) -> None:
        if self.options.on_news:
            self.options.on_news(news)

    def update(self, **changes: Any) -> None:
        self.run = replace(self.run, **changes)
        try:
            runfile.write(self.directory, self.run)
        except OSError as error:
            # The older file stays; whatever else there is to say is still said.
            self.error = self.error or endings.unwritable(self.directory, error)

    def end(self, state: str, error: PerfkitError | None) -> None:
        """What went wrong first is what the run ends with: the rest follows from it."""
        if self.run.state != "running":
            return
        self.error = error
        self.update(state=state, failure=error.message if error else "")

    def note_end(self, drive: Drive) -> None:
        """The generator has ended the load early: what is in flight comes in, then the run is judged."""
        halt = drive.halt
        if self.run.state != "running":
            return
        if drive.was_interrupted:
            self.end("interrupted", None)
            self.tell("stopped in the web UI: waiting for requests in flight")
        elif halt is not None:
            self.update(state="aborted", failure=endings.shown(halt), halt=halt)
            self.tell(f"{self.run.failure}: ending the load")

    def close(self) -> None:
        """Compacts what was recorded; a run that recorded nothing keeps its run.json and its log."""
        self.has_samples = any(path.stat().st_size for path in self.directory.samples.glob("*.samples"))
        try:
            gathered = tables.compact(self.directory, self.run)
        except EvidenceError as error:
            self.end("died", error)
            self.directory.spend_reserve()
            return
        self.update(
            observers={name: status for name, status in self.directory.notes().items() if not name.startswith("table:")},
            hooks=gathered.hooks,
            probe_cost=gathered.cost,
            serving=gathered.servers or self.run.serving,
            caveats=(*self.run.caveats, *(caveat.text for caveat in gathered.caveats)),
            state="finished" if self.run.state == "running" else self.run.state,
        )
        self.directory.spend_reserve()
