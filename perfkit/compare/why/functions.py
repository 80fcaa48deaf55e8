"""Which function of one version is which of the other: by name and file within its own checkout, never by its line."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from perfkit.analyze.pages.profiles import shortened
from perfkit.measures.frameworks import is_own
from perfkit.measures.profiles import read_frame

# Every file has them: that two files share these says nothing.
COMMON: Final = frozenset({"<module>", "<lambda>", "<listcomp>", "<genexpr>", "__init__", "__call__", "__enter__", "__exit__"})


@dataclass(frozen=True, slots=True)
class Function:
    """`name` as the profiler tells it (qualified where it knows), `file` relative to the version's own checkout."""

    name: str
    file: str
    is_own: bool = False

    @property
    def shown(self) -> str:
        return f"{self.name} ({self.file})" if self.file else self.name


@dataclass(frozen=True, slots=True)
class Frame:
    """A function and the line at which it stood; 0 when unknown."""

    function: Function
    line: int


Reading = Callable[[str], Frame]


def reader(roots: Sequence[str], moved: Mapping[str, str] | None = None) -> Reading:
    """Frames of one version; `moved` has the names that its files go by in both."""
    known: dict[str, Frame] = {}
    names = moved or {}

    def read(text: str) -> Frame:
        frame = known.get(text)
        if frame is None:
            place = read_frame(text)
            file = _relative(place.file, roots)
            # Whose code it is must be asked before the folder of an installed package is left out.
            own, shown = is_own(file), shortened(file)
            frame = known[text] = Frame(Function(place.function, names.get(shown, shown), own), place.line)
        return frame

    return read


def _relative(file: str, roots: Sequence[str]) -> str:
    for root in roots:
        if file.startswith(f"{root}/"):
            return file[len(root) + 1 :]
    return file


def renamed(base: Iterable[Function], head: Iterable[Function]) -> dict[str, str]:
    """Files of base that only their name tells from one of head: base's name → head's.

    Each has functions in its own version only, and they share more names than either shares with any other such file.
    """
    ours, theirs = _names(base), _names(head)
    gone = {file: names for file, names in ours.items() if file not in theirs}
    new = {file: names for file, names in theirs.items() if file not in ours}
    best = {file: _closest(names, new) for file, names in gone.items()}
    back = {file: _closest(names, gone) for file, names in new.items()}
    return {file: other for file, other in best.items() if other and back.get(other) == file}


def _names(functions: Iterable[Function]) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for function in functions:
        if function.is_own and function.name not in COMMON:
            found[function.file].add(function.name)
    return dict(found)


def _closest(names: set[str], files: Mapping[str, set[str]]) -> str:
    """The only file that shares most of the names; "" when none does, or two do alike."""
    shared = sorted(((len(names & others), file) for file, others in files.items()), reverse=True)
    if not shared or shared[0][0] == 0 or (len(shared) > 1 and shared[1][0] == shared[0][0]):
        return ""
    return shared[0][1]
