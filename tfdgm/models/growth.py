"""The plan by which a pair of networks grows: levels, stages, and the phases of a run.

Level l has images of 2^l times the smallest size, whose shorter side is 4. A stage is a level that fades in, or one
that stands: stabilize_4, fade_8, stabilize_8, fade_16, ...
"""

import dataclasses
from collections.abc import Sequence

from tfdgm.core.types import Phase
from tfdgm.core.validation import require_at_least

_FIRST_SIDE = 4


@dataclasses.dataclass(frozen=True)
class Stage:
    """What the networks are at a phase of the run."""

    name: str
    level: int
    is_fading: bool


@dataclasses.dataclass(frozen=True)
class Growth:
    """Levels and how long each trains; the tuples may be empty, for what the run's configuration says.

    Attributes:
      image_shape: [H, W, C] of the last level.
      num_levels: how many.
      num_stabilize_steps: steps of each level once it stands.
      num_fade_steps: steps in which each level but the first fades in.
      batch_sizes: global batch size at each level.
    """

    image_shape: tuple[int, ...]
    num_levels: int
    num_stabilize_steps: tuple[int, ...] = ()
    num_fade_steps: tuple[int, ...] = ()
    batch_sizes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuses sides that are no 4 * 2^l, and tuples of another length than there are levels."""
        _require_sides(self.image_shape, self.num_levels)
        for field, needed, kind in (
            ("num_stabilize_steps", self.num_levels, "levels"),
            ("num_fade_steps", self.num_levels - 1, "levels above the first"),
            ("batch_sizes", self.num_levels, "levels"),
        ):
            found = getattr(self, field)
            if found and len(found) != needed:
                raise ValueError(f"{field} is {found}; it needs one number for each of the {needed} {kind}, or none")
            if found:
                require_at_least(1, **{f"the least of {field}": min(found)})

    @property
    def base_size(self) -> tuple[int, int]:
        """Height and width at level 0."""
        return self.size(0)

    def factor(self, level: int) -> int:
        """By how much sides at the last level are longer."""
        return 2 ** (self.num_levels - 1 - level)

    def size(self, level: int) -> tuple[int, int]:
        """Height and width at a level."""
        height, width = (side // self.factor(level) for side in self.image_shape[:2])
        return height, width

    def label(self, level: int) -> str:
        """`8` for 8x8, `8x16` for a height of 8 and a width of 16."""
        height, width = self.size(level)
        return str(height) if height == width else f"{height}x{width}"

    def stages(self) -> list[Stage]:
        """In the order of the run."""
        levels = range(self.num_levels)
        return [
            Stage(f"{'fade' if is_fading else 'stabilize'}_{self.label(level)}", level, is_fading)
            for level in levels
            for is_fading in ([True, False] if level else [False])
        ]

    def phases(self) -> list[Phase]:
        """One a stage, each with fresh optimizers: by the counts of old layers, first steps of new ones are giants."""
        return [
            Phase(stage.name, self._steps(stage), _at(self.batch_sizes, stage.level), reset_optimizers=True)
            for stage in self.stages()
        ]

    def _steps(self, stage: Stage) -> int | None:
        if stage.is_fading:
            return _at(self.num_fade_steps, stage.level - 1)
        return _at(self.num_stabilize_steps, stage.level)


def _at(values: Sequence[int], index: int) -> int | None:
    return values[index] if values else None


def _require_sides(image_shape: tuple[int, ...], num_levels: int) -> None:
    height, width = image_shape[:2]
    field, side = min(("image_height", height), ("image_width", width), key=lambda pair: pair[1])
    power = max(side // _FIRST_SIDE, 1).bit_length() - 1
    below = _FIRST_SIDE * 2**power
    if side != below:
        nearest = f"{below} or {2 * below}" if side > below else f"{below}"
        raise ValueError(f"data.{field} is {side}; the shorter side must be 4 * 2^n, to grow from 4 on: {nearest}")
    if num_levels != power + 1:
        sides = ", ".join(str(_FIRST_SIDE * 2**level) for level in range(power + 1))
        raise ValueError(
            f"num_filters has {num_levels} numbers; {height}x{width} images need {power + 1}, one for each length of "
            f"the shorter side: {sides}"
        )
    field, longer = ("image_height", height) if height > width else ("image_width", width)
    if longer % 2**power:
        below = longer // 2**power * 2**power
        raise ValueError(
            f"data.{field} is {longer}; {power} doublings need a multiple of {2**power}: {below} or {below + 2**power}"
        )
