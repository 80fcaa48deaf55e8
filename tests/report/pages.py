"""Pages for the tests of the renderers: a rich one, a hostile one, a heavy one."""

import math
import random

from perfkit.page import (
    Band,
    Card,
    Chart,
    Check,
    Code,
    Column,
    Figure,
    Figures,
    Flame,
    Fold,
    Frame,
    Mood,
    Page,
    Section,
    Series,
    Table,
    Text,
)

ENDPOINTS = (
    "GET /articles",
    "GET /articles/{slug}",
    "POST /articles/{slug}/comments",
    "GET /orders",
    "GET /orders/{id}/lines",
    "POST /checkout",
    "GET /search",
    "GET /health",
)
PARTS = ("cpu", "database", "pool wait", "connect", "outbound", "lock", "queue", "other")
HOSTILE = (
    '</script><img src=x onerror="window.hacked=1">',
    "{{7*7}}",
    "<!--<script>window.hacked=1</script>",
    "\x1b[31mred\x00\x07",
    "\u202egnp.exe\u200f",
    "' onmouseover='window.hacked=1",
    "%{customdata} ${7*7} <a href='javascript:window.hacked=1'>x</a>",
    "\ud800 \ufffe \u2028",
)


def a_page(verdict: str = "All objectives are met.", mood: Mood = "good", **fields: object) -> Page:
    values: dict[str, object] = {"title": "shop", "subtitle": "", "reasons": (), "sections": ()}
    return Page(**(values | {"verdict": verdict, "mood": mood} | fields))  # type: ignore[arg-type]


def a_card(title: str = "Queries repeat for every row", **fields: object) -> Card:
    values: dict[str, object] = {
        "id": "7c1e09aa41f2",
        "badge": "measured",
        "mood": "bad",
        "place": "GET /articles",
        "message": "101 queries per request; 100 are the same statement with different parameters.",
        "fix": "Load the authors together with the articles: selectinload(Article.author).",
        "facts": (
            ("saving", "up to 38 ms per request"),
            ("share of server time", "21 %"),
            ("call site", "shop/serializers.py:41 in author_of"),
        ),
    }
    return Card(**(values | {"title": title} | fields))  # type: ignore[arg-type]


def rich_page() -> Page:
    """What a run of the shop might say: every kind of block at least once."""
    findings = Section(
        "Findings",
        (*_cards(), _minor()),
        intro="Ordered by the share of server time that the fix would save. Savings do not add up.",
    )
    return Page(
        title="shop · 20261123-101500-shop-4f2c1e",
        subtitle="open load, 120 requests/s for 5 min on 4 cores, commit 4f2c1e (parent 9ab012), 23 November 2026, 10:15 UTC",
        verdict="GET /articles misses its objective: p95 is 412 ms, asked for less than 300 ms.",
        mood="bad",
        reasons=(
            "Suspect: the generator used 88 % of its core; response times include its own delay.",
            "GET /articles: p95 < 300 ms missed, measured 412 ms (395 ms to 430 ms).",
            "POST /checkout: errors < 0.5 % inconclusive, 83 samples of 100 needed.",
        ),
        sections=(_overview(), findings, *_timing(), _memory(), _not_tested()),
        checks=(
            Check("GET /articles p95 < 300ms", "objective", "failed", "measured 412 ms (395 ms to 430 ms)"),
            Check("GET /orders p95 < 300ms", "objective", "passed"),
            Check("n-plus-one-queries", "rule", "failed", "GET /articles: 101 queries per request"),
            Check("pool-wait", "rule", "passed"),
            Check("memory-growth", "rule", "skipped", "the run was shorter than 2 min"),
            Check("missing-index", "rule", "error", "KeyError: 'plan'"),
            Check("valid run", "run", "passed"),
        ),
        footer="Observed by perfkit 0.1.0. The light probe cost 18 µs of CPU per request.",
    )


def hostile_page() -> Page:
    """Everything that a target can name is named by an enemy."""
    long = "A" * 10_000
    names = (*HOSTILE, long)
    all_names = " ".join(names)
    rows = tuple((name, name, 1.5, None, True) for name in names)
    columns = (Column(HOSTILE[0]), Column("code", "code"), Column("time", "time"), Column("none", "share"), Column("yes"))
    chart = Chart(
        all_names, "bars", HOSTILE[0], HOSTILE[6], "time", tuple(Series(name, names, (1.0,) * len(names)) for name in names[:3])
    )
    lines = Chart(
        HOSTILE[6], "lines", "", "", "bytes", (Series(HOSTILE[0], (0.0, 1.0), (1.0, math.nan)),), (Band(HOSTILE[0], 0.0, 1.0),)
    )
    flame = Flame(
        all_names, Frame(HOSTILE[0], 1.0, tuple(Frame(name, 0.1, place=name, own=True) for name in names)), "time", all_names
    )
    card = Card(
        HOSTILE[0], HOSTILE[0], HOSTILE[1], "warn", long, all_names, all_names, tuple((name, name) for name in names), (), names
    )
    blocks = (
        Table(HOSTILE[0], columns, rows, all_names),
        chart,
        lines,
        flame,
        card,
        Text(all_names),
        Code(all_names, HOSTILE[0]),
    )
    figures = Figures(tuple(Figure(name, name, "bad", name) for name in names))
    section = Section(HOSTILE[0], (figures, *blocks, Fold(HOSTILE[0], blocks)), intro=all_names)
    checks = tuple(Check(name, "rule", "failed", name) for name in names)
    return Page(HOSTILE[0], all_names, all_names, "bad", names, (section,), checks, all_names)


def heavy_page() -> Page:
    """20 endpoints, 40 flames, charts of 2,000 points: what a report must carry with ease."""
    chance = random.Random(7)
    names = tuple(f"GET /api/v2/resource-{number}/{{id}}/items" for number in range(20))
    seconds = tuple(number / 10 for number in range(6_000))
    lines = tuple(
        Chart(
            f"Response time over time, {name}",
            "lines",
            "time in the run",
            "response time",
            "time",
            tuple(
                Series(label, seconds, tuple(base * chance.lognormvariate(0, 0.3) for _ in seconds)) for label, base in _LEVELS
            ),
            x_unit="time",
        )
        for name in names[:6]
    )
    flames = tuple(
        Flame(f"{name} · {kind}", _tree(chance, 0.040, 40), "time") for name in names for kind in ("call tree", "stacks")
    )
    cards = tuple(a_card(id=f"{number:012x}", place=names[number % 20], blocks=(_exhibit(),)) for number in range(30))
    table = Table(
        "Endpoints", (Column("Endpoint", "code"), Column("p95", "time")), tuple((name, chance.random()) for name in names)
    )
    sections = (Section("Endpoints", (table, *lines)), Section("Findings", cards), Section("Flames", flames))
    return a_page(sections=sections, title="heavy")


_LEVELS = (("p50", 0.030), ("p95", 0.110), ("p99", 0.260))


def _overview() -> Section:
    figures = Figures(
        (
            Figure("Requests", "36,120"),
            Figure("Errors", "0.2 %", "warn", "72 answers with 503"),
            Figure("Achieved rate", "119.8/s", "good", "of 120/s offered"),
            Figure("p95, all endpoints", "212 ms", "bad", "service time 148 ms"),
            Figure("Server time", "31 ms", note="mean per request"),
        ),
    )
    columns = (
        Column("Endpoint", "code"),
        Column("Requests", "number"),
        Column("Errors", "share"),
        Column("Rate", "rate"),
        Column("p50", "time"),
        Column("p95", "time"),
        Column("p99", "time"),
        Column("Max", "time"),
        Column("Server", "time"),
        Column("Statements", "number"),
        Column("Bytes", "bytes"),
        Column("Share of server time", "share"),
    )
    chance = random.Random(3)
    rows = tuple(
        (
            name,
            9000 - 900 * at,
            0.002 * at,
            30.0 - 3 * at,
            p50,
            p50 * 3.2,
            p50 * 5,
            p50 * 9,
            p50 * 0.8,
            float(max(0, 101 - at * 17)),
            20480 >> at,
            0.42 / (at + 1),
        )
        for at, name in enumerate(ENDPOINTS)
        for p50 in (0.004 + chance.random() * 0.09,)
    )
    note = "Percentiles are of successful requests in the measure phase. Server time is as seen from inside the target."
    return Section("Overview", (figures, Table("Endpoints", columns, rows, note)))


def _exhibit() -> Table:
    columns = (Column("Statement", "code"), Column("Calls", "number"), Column("Total time", "time"), Column("Share", "share"))
    rows = (
        ("SELECT users.id, users.name, users.email, users.bio, users.image FROM users WHERE users.id = ?", 100, 0.0312, 0.62),
        (
            "SELECT articles.id, articles.title, articles.body FROM articles ORDER BY articles.created_at DESC LIMIT ?",
            1,
            0.0041,
            0.08,
        ),
    )
    return Table("Statements of the median request", columns, rows)


def _cards() -> tuple[Card, ...]:
    why = "A statement per row costs a round trip, query building and object mapping; the database is the smaller part."
    page = Fold(
        "About this rule: n-plus-one-queries",
        (Text(why), Code("select(Article).options(selectinload(Article.author))", "python")),
    )
    blind = (
        "Rows that another process loads into a cache.",
        "The share that lazy serializers spend after the view has returned.",
    )
    plan = Code("SEARCH orders\n  SCAN order_lines            (20,000 rows)\n  USE TEMP B-TREE FOR ORDER BY", "plan")
    return (
        a_card(blocks=(_exhibit(), page), caveats=blind),
        a_card(
            "A table is read in full where an index would do",
            id="aa01",
            badge="verified",
            place="GET /orders/{id}/lines",
            message="20,000 rows are read for 3 that are returned. With the index, the median fell from 18 ms to 2.1 ms.",
            fix="CREATE INDEX order_lines_order_id ON order_lines (order_id);",
            facts=(
                ("saving", "15.9 ms (15.1 ms to 16.4 ms)"),
                ("share of server time", "12 %"),
                ("tried", "20 pairs, answers equal"),
                ("call site", "shop/orders.py:41 in order_lines"),
                ("statement", "SELECT * FROM order_lines WHERE order_id = ? ORDER BY position"),
            ),
            blocks=(plan,),
        ),
        a_card(
            "The event loop is blocked by a synchronous call",
            id="aa02",
            badge="predicted",
            mood="warn",
            place="GET /search",
            message="A step of the loop lasts 84 ms at the 99th percentile; other requests wait in the meantime.",
            fix="Call requests.get in a thread: await anyio.to_thread.run_sync(...), or use httpx.AsyncClient.",
            facts=(("saving", "up to 6.2 ms"), ("share of server time", "4 %"), ("call site", "shop/search.py:17 in suggest")),
        ),
        a_card(
            "An index on orders(status) does not help",
            id="aa03",
            badge="refuted",
            mood="neutral",
            place="GET /orders",
            message="We tried it: no effect, -0.3 ms (-1.1 ms to 0.6 ms).",
            fix="",
            facts=(("tried", "20 pairs"),),
        ),
    )


def _minor() -> Fold:
    return Fold(
        "3 minor findings",
        tuple(
            a_card(f"Answers of {number} kB are not compressed", id=f"b{number}", badge="hint", mood="neutral")
            for number in (12, 18, 31)
        ),
    )


def _timing() -> tuple[Section, ...]:
    chance = random.Random(5)
    seconds = tuple(float(number) for number in range(-30, 330))
    lines = tuple(
        Series(name, seconds, tuple(base * chance.lognormvariate(0, 0.18) * (1.6 if 120 < at < 150 else 1) for at in seconds))
        for name, base in _LEVELS
    )
    bands = (Band("warm-up", -30.0, 0.0), Band("measure", 0.0, 270.0), Band("profile", 270.0, 330.0))
    over_time = Chart(
        "Response time over time",
        "lines",
        "time in the run",
        "response time",
        "time",
        lines,
        bands,
        "Percentiles of each second.",
        "time",
    )
    rate = tuple(120.0 if at >= 0 else 60.0 for at in seconds)
    reached = tuple(one * chance.uniform(0.96, 1.01) for one in rate)
    rates = Chart(
        "Offered and achieved rate",
        "steps",
        "time in the run",
        "requests",
        "rate",
        (Series("offered", seconds, rate), Series("achieved", seconds, reached)),
        bands,
        x_unit="time",
    )
    shares = tuple(float(number) for number in (0.5, 0.75, 0.9, 0.95, 0.99, 0.999))
    curve = Chart(
        "Response time by percentile",
        "lines",
        "share of requests",
        "response time",
        "time",
        tuple(
            Series(name, shares, tuple(0.01 * (at + 1) / (1.02 - share) ** 0.8 for share in shares))
            for at, name in enumerate(ENDPOINTS[:5])
        ),
        x_unit="share",
        log_y=True,
    )
    parts = tuple(
        Series(part, ENDPOINTS, tuple(chance.random() * 0.05 / (at + 1) for _ in ENDPOINTS)) for at, part in enumerate(PARTS)
    )
    breakdown = Chart(
        "Where the time goes",
        "stacked-bars",
        "endpoint",
        "mean server time per request",
        "time",
        parts,
        note="Means per request; the parts add up to the server time.",
    )
    flames = tuple(
        Flame(f"{name} · call tree", _tree(chance, 0.041, 14), "time", "412 requests were sampled.") for name in ENDPOINTS[:5]
    )
    return (
        Section("Latency", (over_time, curve, rates)),
        Section("Where the time goes", (breakdown, *flames), intro="From the profile phase. Width is wall time per request."),
    )


def _memory() -> Section:
    chance = random.Random(9)
    seconds = tuple(float(number) for number in range(0, 330, 2))
    workers = tuple(
        Series(
            f"worker {pid}",
            seconds,
            tuple(int(9e7 + pid * 1000 + at * 40_000 * (pid - 4710) + chance.random() * 1e6) for at in seconds),
        )
        for pid in (4711, 4712)
    )
    return Section(
        "Memory", (Chart("Private memory per worker", "lines", "time in the run", "USS", "bytes", workers, x_unit="time"),)
    )


def _not_tested() -> Section:
    columns = (Column("Rule", "code"), Column("Outcome"), Column("Why"))
    rows = (
        ("memory-growth", "skipped", "the run was shorter than 2 min"),
        ("missing-index", "failed", "KeyError: 'plan'"),
        ("pool-wait", "clean", None),
    )
    return Section(
        "What was looked at",
        (Table("", columns, rows), Fold("Machine", (Code("cores: 4\npython: 3.11.7\nkernel: 6.1", "yaml"),))),
    )


def _tree(chance: random.Random, value: float, depth: int) -> Frame:
    """A tree as profilers make them: a server's stack on top, then the application, then libraries."""
    top = ("serve (uvicorn/server.py:70)", "handle (starlette/routing.py:288)", "run (anyio/to_thread.py:33)")
    frame = _branch(chance, value * 0.96, depth)
    for name in reversed(top):
        function, _, place = name.partition(" (")
        frame = Frame(function, value, (frame,), place.rstrip(")"))
    return Frame("all", value, (frame,))


def _branch(chance: random.Random, value: float, depth: int) -> Frame:
    own = depth > 8 or chance.random() < 0.15
    name = chance.choice(
        ("list_articles", "author_of", "serialize", "load", "total")
        if own
        else ("execute", "_fetch_all", "dumps", "compile", "__getattr__", "_instance")
    )
    place = (
        f"shop/{chance.choice(('articles', 'serializers', 'orders'))}.py:{chance.randint(5, 200)}"
        if own
        else f"sqlalchemy/orm/{chance.choice(('query', 'loading', 'session'))}.py:{chance.randint(50, 2900)}"
    )
    if depth == 0 or value < 0.00002:
        return Frame(name, value, (), place, own)
    rest, children = value * chance.uniform(0.8, 0.99), list[Frame]()
    for _ in range(chance.choice((1, 1, 2, 3))):
        part = rest * chance.uniform(0.3, 0.95)
        rest -= part
        children.append(_branch(chance, part, depth - 1))
    return Frame(name, value, tuple(children), place, own)
