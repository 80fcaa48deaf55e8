"""What every section of a scenario has in common: frozen, strict about its keys, and open about what is not built yet."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of the file; unknown keys are faults, never ignored."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True, use_attribute_docstrings=True
    )

    # Keys of the grammar that this version refuses by name; a reader of the grammar must not think that they work.
    NOT_BUILT: ClassVar[frozenset[str]] = frozenset()
    # Keys that only the file knows: short forms that become other fields.
    FILE_KEYS: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def keys_in_file(cls) -> tuple[str, ...]:
        """Every key that a file may write here."""
        if cls.FILE_KEYS:
            return cls.FILE_KEYS
        return tuple(field.alias or name for name, field in cls.model_fields.items())


def mapping_of(value: Any) -> dict[str, Any] | None:
    """The value if it is a mapping of the file, for validators that look before pydantic does."""
    return dict(value) if isinstance(value, dict) else None
