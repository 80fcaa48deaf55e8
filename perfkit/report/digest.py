"""What the short renderers take from a page: its cards, its first figures, its table of endpoints."""

from collections.abc import Iterator, Sequence

from perfkit.page import Block, Card, Figures, Fold, Page, Table


def cards(blocks: Sequence[Block]) -> Iterator[Card]:
    """The cards in their order, those in folds too."""
    for block in blocks:
        if isinstance(block, Card):
            yield block
        elif isinstance(block, Fold):
            yield from cards(block.blocks)


def all_cards(page: Page) -> tuple[Card, ...]:
    """Every card of the page, in reading order."""
    return tuple(card for section in page.sections for card in cards(section.blocks))


def first_figures(page: Page) -> Figures | None:
    """The row of figures that the page shows first."""
    return next((block for section in page.sections for block in section.blocks if isinstance(block, Figures)), None)


def endpoints(page: Page) -> Table | None:
    """The first table whose first column is the endpoint."""
    tables = (block for section in page.sections for block in section.blocks if isinstance(block, Table))
    return next((one for one in tables if one.columns and one.columns[0].title.casefold() == "endpoint"), None)
