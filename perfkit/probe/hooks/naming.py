"""SQL texts as name ids: which texts count as statements, and which can be explained."""

import re

# What drivers, pools and ORMs send on their own behalf, and what moves no data: never counted.
HOUSEKEEPING = frozenset(
    (
        "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "START", "END", "ABORT", "SHOW", "SET", "RESET",
        "PRAGMA", "DEALLOCATE", "DISCARD", "LISTEN", "UNLISTEN", "CLOSE", "",
    )
)  # fmt: skip
KNOWN_TEXTS = 5_000  # texts kept for the quick way; an application that writes literals into its SQL never ends
LONGEST_TEXT = 4_000  # characters: what a mapper writes; batches of inserts grow to megabytes and never come back
LONGEST_NAME = 2_000  # characters that are kept of those
# With DEBUG = True, Django asks SQLite to quote the parameters of every statement, for its own log of them.
DEBUGGING = re.compile(r"SELECT QUOTE\(\?\)(?:, QUOTE\(\?\))*\Z")
FIRST_WORD = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*([A-Za-z]*)", re.DOTALL)
WRITES = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
LOCKS = re.compile(r"\bFOR\s+(?:NO\s+KEY\s+)?(?:UPDATE|SHARE|KEY\s+SHARE)\b", re.IGNORECASE)


def verb(text):
    found = FIRST_WORD.match(text)
    return found.group(1).upper() if found else ""


def is_explainable(text):
    """Whether the text only reads, so that its plan says something about an index."""
    word = verb(text)
    return word == "SELECT" or (word == "WITH" and not WRITES.search(LOCKS.sub("", text)))


def shortened(text):
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_NAME] + " ..."


class Names:
    """Name ids by text, as the driver was given it. 0: housekeeping."""

    def __init__(self, recorder, text_of):
        self.known = {}  # text → (name id, endpoints settled as in sites.py); the hot path looks here itself
        self.explainable = set()
        self._recorder = recorder
        self._text_of = text_of  # a driver's way from its query objects to str

    def name(self, cursor, query):
        return self.learn(cursor, query)[0]

    def learn(self, cursor, query):
        """What `known` has, or will have, for a query that is not (or cannot be) one of its keys."""
        try:
            text = query if isinstance(query, str) else self._text_of(cursor, query)
            found = self.known.get(text)
            if found is not None:
                return found
            name = 0 if verb(text) in HOUSEKEEPING or DEBUGGING.match(text) else self._recorder.statement_name(shortened(text))
            if name and is_explainable(text):
                self.explainable.add(name)
            found = name, self._recorder.sites.settled(name)
            if len(text) <= LONGEST_TEXT:
                if len(self.known) >= KNOWN_TEXTS:
                    self.known.clear()
                self.known[text] = found
        except Exception as error:
            self._recorder.fault("naming a statement", error)
            return 0, ()
        return found
