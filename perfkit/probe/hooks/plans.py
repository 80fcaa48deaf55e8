"""How the database reads: the plan of a statement, asked for on its own connection in PROFILE mode, once per shape."""

import json
import re

from ..records import EVENT_PLAN

AGAIN_AFTER = 50  # executions: by then caches are warm, tables filled, and the planner may have changed its mind
COUNTED_ROWS = 100_000  # where a table does not tell its size, counting stops here
WORD = re.compile(r'[A-Za-z_][\w$]*|"[^"]+"|`[^`]+`|\[[^\]]+\]')
SAVEPOINT = "perfkit_plan"
QUERY, QUESTION, COMMAND = range(3)  # the application's query with its parameters; a query of ours; without an answer


class Plans:
    """Which shapes are due, and the event that tells a plan."""

    def __init__(self, recorder, engine):
        self._recorder = recorder
        self._engine = engine
        self._seen = {}

    def due(self, name):
        if self._recorder.control[1]:
            return False  # the scenario wants none
        times = self._seen.get(name, 0) + 1
        self._seen[name] = times
        return times in (1, AGAIN_AFTER + 1)

    def tell(self, name, plan, tables):
        self._recorder.event(EVENT_PLAN, shape=name, engine=self._engine, plan=plan, tables=tables)

    def fault(self, error):
        self._recorder.fault("plan (" + self._engine + ")", error)


def words_of(text):
    """Identifiers as they stand in SQL or in a plan, without their quotes, in lower case."""
    return {word.strip('"`[]').lower() for word in WORD.findall(text)}


def indented(rows):
    """The lines of EXPLAIN QUERY PLAN (id, parent, not used, detail), each below its parent."""
    depths = {}
    lines = []
    for number, parent, _, detail in rows:
        depths[number] = depths.get(parent, -1) + 1
        lines.append("  " * depths[number] + (detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)))
    return lines


SQLITE_COUNT = "SELECT count(*) FROM (SELECT 1 FROM {} LIMIT {})"


def sqlite_tables(run, sql, lines):
    """Rows by table, of the tables that the statement or its plan name. The largest rowid is found at once."""
    mentioned = words_of(sql) | words_of("\n".join(lines))
    known = run("SELECT name FROM sqlite_master WHERE type = 'table'")
    names = [name.decode() if isinstance(name, bytes) else name for (name,) in known]
    tables = {}
    for name in names:
        if name.lower() not in mentioned:
            continue
        quoted = '"' + name.replace('"', '""') + '"'
        try:
            ((largest,),) = run("SELECT max(rowid) FROM " + quoted)  # noqa: S608  a name from the catalogue, quoted
        except Exception:  # a table WITHOUT ROWID
            ((largest,),) = run(SQLITE_COUNT.format(quoted, COUNTED_ROWS))
        tables[name] = largest or 0
    return tables


def relations(node):
    """Names of the tables in a PostgreSQL plan, at any depth."""
    found = set()
    todo = [node]
    while todo:
        this = todo.pop()
        if isinstance(this, list):
            todo.extend(this)
        elif isinstance(this, dict):
            if isinstance(this.get("Relation Name"), str):
                found.add(this["Relation Name"])
            todo.extend(value for value in this.values() if isinstance(value, (list, dict)))
    return sorted(found)


POSTGRES_SIZE = "SELECT greatest(reltuples, -1)::bigint FROM pg_class WHERE oid = to_regclass('{}')"
POSTGRES_COUNT = "SELECT count(*) FROM (SELECT 1 FROM {} LIMIT {}) AS bounded"


def postgres_conversation(query, in_transaction):
    """What to ask PostgreSQL about a query: yields (text, kind), is sent the rows back, returns plan and tables.

    A generator, so that blocking and asynchronous drivers hold the same conversation. In a transaction it works behind a
    savepoint: a refused EXPLAIN would otherwise abort what the application is doing.
    """
    if not in_transaction:
        return (yield from _postgres_questions(query))
    yield "SAVEPOINT " + SAVEPOINT, COMMAND
    try:
        answer = yield from _postgres_questions(query)
    except Exception:
        yield "ROLLBACK TO SAVEPOINT " + SAVEPOINT, COMMAND
        yield "RELEASE SAVEPOINT " + SAVEPOINT, COMMAND
        raise
    yield "RELEASE SAVEPOINT " + SAVEPOINT, COMMAND
    return answer


def _postgres_questions(query):
    rows = yield "EXPLAIN (FORMAT JSON) " + query, QUERY
    plan = rows[0][0]
    if isinstance(plan, (str, bytes)):
        plan = json.loads(plan)
    tables = {}
    for name in relations(plan):
        quoted = '"' + name.replace('"', '""') + '"'
        rows = yield POSTGRES_SIZE.format(quoted.replace("'", "''")), QUESTION
        size = rows[0][0] if rows else None
        if size is None:  # in a schema outside the search path
            continue
        if size <= 0:  # never analysed
            rows = yield POSTGRES_COUNT.format(quoted, COUNTED_ROWS), QUESTION
            size = rows[0][0]
        tables[name] = int(size)
    return plan, tables


def ask(conversation, run):
    """Hold a conversation with a blocking driver: `run(text, kind) -> rows`, or None for a COMMAND."""
    try:
        question = next(conversation)
        while True:
            try:
                rows = run(*question)
            except Exception as error:
                question = conversation.throw(error)
            else:
                question = conversation.send(rows)
    except StopIteration as end:
        return end.value


async def ask_async(conversation, run):
    try:
        question = next(conversation)
        while True:
            try:
                rows = await run(*question)
            except Exception as error:
                question = conversation.throw(error)
            else:
                question = conversation.send(rows)
    except StopIteration as end:
        return end.value
