"""Checks of plain arguments, each refusing with the field's name, its value and what would be right."""

from collections.abc import Iterable


def require_choice(field: str, value: str | int, choices: Iterable[str | int]) -> None:
    """Raises ValueError unless `value` is one of `choices`."""
    choices = tuple(choices)
    if value not in choices:
        raise ValueError(f"{field} is {value!r}; it must be one of {', '.join(map(str, choices))}")


def require_at_least(minimum: float, **fields: float) -> None:
    """Raises ValueError for the first field below `minimum`."""
    for field, value in fields.items():
        if value < minimum:
            raise ValueError(f"{field} is {value}; it must be at least {minimum}")


def require_between(minimum: float, maximum: float, **fields: float) -> None:
    """Raises ValueError for the first field outside [minimum, maximum]."""
    for field, value in fields.items():
        if not minimum <= value <= maximum:
            raise ValueError(f"{field} is {value}; it must lie between {minimum} and {maximum}")
