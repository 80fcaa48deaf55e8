"""The page as a comment on a pull request."""

from perfkit.page import Column, Figure, Figures, Section, Table
from perfkit.report import markdown
from tests.report.pages import a_card, a_page, hostile_page

GOLDEN = """\
## ✕ Problem: GET /orders misses its objective.

shop

- p95 \\< 300 ms missed, measured 412 ms.

Requests **5,120** · Errors **2 %**

### 1. Queries repeat for every row (measured)

`GET /articles`: 101 queries per request; 100 are the same statement with different parameters.

- saving: up to 38 ms per request
- share of server time: 21 %
- call site: `shop/serializers.py:41 in author_of`
- **Fix**: Load the authors together with the articles: selectinload(Article.author).

### Endpoints

| Endpoint | Requests | p95 |
| --- | ---: | ---: |
| `GET /orders` | 5,120 | 412 ms |
| `GET /a\\|b` | 3 | – |
"""


def test_the_whole_page_reads_like_this() -> None:
    columns = (Column("Endpoint"), Column("Requests", "number"), Column("p95", "time"))
    table = Table("Endpoints", columns, (("GET /orders", 5120, 0.412), ("GET /a|b", 3, None)))
    figures = Figures((Figure("Requests", "5,120"), Figure("Errors", "2 %", "bad")))
    reasons = ("p95 < 300 ms missed, measured 412 ms.",)

    page = a_page(
        "GET /orders misses its objective.", "bad", reasons=reasons, sections=(Section("s", (figures, a_card(), table)),)
    )

    assert markdown.render(page).replace("\N{EN DASH}", "–") == GOLDEN


def test_names_make_no_markup_and_mention_nobody() -> None:
    assert markdown.prose("*a* [b](c) <img> @team `x` #12") == "\\*a\\* \\[b\\](c) \\<img\\> @\u2060team \\`x\\` \\#12"
    assert markdown.prose("- a\n1. b") == "\\- a 1. b"
    assert markdown.prose("1. b") == "1\\. b"


def test_a_code_span_outlasts_the_backticks_inside() -> None:
    assert markdown.code("a ``b`` `c`") == "``` a ``b`` `c` ```"


def test_long_tables_say_what_they_leave_out() -> None:
    table = Table("t", (Column("Endpoint"),), tuple((f"GET /{number}",) for number in range(25)))

    assert markdown.table(table).endswith("…and 5 more rows in the report.")


def test_a_comment_never_exceeds_what_the_host_accepts() -> None:
    assert len(markdown.render(hostile_page())) < 65_536
