"""The load generators that are compared: each as a function that drives for so many seconds, pinned to the first core."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from bench.nginx import CORES

USERS: Final = 20
Run = Callable[[float], int | None]  # drives for so many seconds; how many requests it says it made, if it says so to a program
LOCUST = """
import random
from locust import {user}, task

class Visitor({user}):
    @task
    def visit(self):
        if {is_read}:
            with self.client.get("/list", catch_response=True) as answer:
                body = answer.json()
                if body["items"][0]["id"] != 0 or answer.status_code != 200:
                    answer.failure("not as expected")
        else:
            self.client.get(f"/items/{{random.randint(1, 1000)}}", name="/items/[id]")
"""
K6 = """
import http from "k6/http";
export const options = {{vus: {users}, duration: "{seconds}s", discardResponseBodies: true}};
export default () => http.get(`{url}/items/${{Math.floor(Math.random() * 1000)}}`, {{tags: {{name: "item"}}}});
"""
PLAIN = {"get": "/items/${rand.int(1, 1000)}"}
READ = {"get": "/list", "extract": {"item": "$.items[0].id"}, "expect": {"status": 200, "json": {"$.items[0].id": 0}}}


class Generators:
    """All of them, at one target."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder

    def perfkit(self, load: dict[str, Any], step: dict[str, Any]) -> Run:
        def run(seconds: float) -> int:
            scenario = {"perfkit": 1, "target": self._url, "flows": {"visit": [step]}, "load": [{**load, "for": f"{seconds}s"}]}
            command = [sys.executable, "-m", "bench.generator_cost", "--drive", json.dumps(scenario)]
            said = subprocess.run(command, check=True, preexec_fn=_on_first_core, stdout=subprocess.PIPE, text=True)
            return int(said.stdout)

        return run

    def peers(self) -> dict[str, Run]:
        """What is installed, and what K6 and WRK2 name."""
        item = f"{self._url}/items/7"
        runs = {
            "Locust FastHttpUser": self._locust("FastHttpUser"),
            "Locust FastHttpUser, the same JSON": self._locust("FastHttpUser", is_read=True),
            "Locust HttpUser": self._locust("HttpUser"),
        }
        if wrk := shutil.which("wrk"):
            runs["wrk"] = _program(lambda seconds: [wrk, "-t1", f"-c{USERS}", f"-d{round(seconds)}", item])
        if hey := shutil.which("hey"):
            runs["hey"] = _program(lambda seconds: [hey, "-cpus", "1", "-c", str(USERS), "-z", f"{seconds}s", item])
        if k6 := os.environ.get("K6"):
            runs["k6"] = self._k6(k6)
        if wrk2 := os.environ.get("WRK2"):
            runs["wrk2"] = _program(lambda seconds: [wrk2, "-t1", f"-c{USERS}", f"-d{round(seconds)}", "-R1000000", item])
        return runs

    def _locust(self, user: str, *, is_read: bool = False) -> Run:
        file = self._folder / f"{user}{is_read}.py"
        file.write_text(LOCUST.format(user=user, is_read=is_read))
        base = [sys.executable, "-m", "locust", "-f", str(file), "--headless", "--host", self._url, "--only-summary"]
        return _program(lambda seconds: [*base, "-u", str(USERS), "-r", str(USERS), "-t", f"{round(seconds)}s"])

    def _k6(self, binary: str) -> Run:
        file = self._folder / "k6.js"

        def command(seconds: float) -> Sequence[str]:
            file.write_text(K6.format(users=USERS, seconds=seconds, url=self._url))
            return [binary, "run", "--quiet", str(file)]

        return _program(command)


def pin(pid: int) -> None:
    """Everything of a process to the first core."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {CORES[0]})


def _program(command: Callable[[float], Sequence[str]]) -> Run:
    def run(seconds: float) -> None:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(command(seconds), check=False, preexec_fn=_on_first_core, **quiet)  # type: ignore[call-overload]

    return run


def _on_first_core() -> None:
    os.sched_setaffinity(0, {CORES[0]})
