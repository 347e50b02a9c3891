"""A run's pictures in the order of its steps, the step written above each: an animation, or a strip."""

import math
import os
import pathlib
import re
from collections.abc import Sequence

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from tfdgm.configs import nearest
from tfdgm.core.validation import require_at_least
from tfdgm.math import sheet
from tfdgm.workdir import files

_NAME = re.compile(r"step-(\d+)\.png")
_GAP = 4  # pixels between the frames of a strip


def frames(
    workdir: str | os.PathLike[str],
    kind: str = "samples",
    max_frames: int = 0,
    *,
    phases: Sequence[str] = (),
    num_rows: int = 0,
) -> tuple[list[int], list[PIL.Image.Image]]:
    """What training left of one kind in `<workdir>/pictures/<kind>/step-<step>.png`, by step.

    Args:
      workdir: folder of a run; it may still be going on.
      kind: such as `samples` or `reconstructions`.
      max_frames: at most so many, spread evenly over the steps, the first and the last among them; 0 takes all.
      phases: names of phases of the run, or beginnings of names: of each such phase the last picture alone, with its
        name above; empty takes the pictures of all steps.
      num_rows: of the images in each picture, its first rows; 0 takes all.

    Returns:
      Steps, going up; and a frame for each, in RGB, the step written above the picture. All have the size of the
      largest: smaller pictures, such as those of a network that grows, are enlarged, each pixel for itself.

    Raises:
      ValueError: when there are no such pictures, naming the kinds that there are; for a phase that the run has not
        had, or rows of what is no sheet of images.
    """
    require_at_least(0, max_frames=max_frames, num_rows=num_rows)
    folder = pathlib.Path(workdir) / files.PICTURES / kind
    found = sorted((int(name[1]), path) for path in folder.glob("*") if (name := _NAME.fullmatch(path.name)))
    if not found:
        raise ValueError(f"{folder} has no pictures by step; {_offer(folder.parent, kind)}")
    names = _phase_ends(workdir, [step for step, _ in found], phases) if phases else {}
    found = [(step, path) for step, path in found if step in names] if phases else found
    found = [found[i] for i in _spread(len(found), max_frames)]
    pictures = [_opened(path) for _, path in found]
    if num_rows:
        height = _rows_height(workdir, num_rows)
        pictures = [picture.crop((0, 0, picture.width, min(height, picture.height))) for picture in pictures]
    texts = [f"{names[step]}, step {step:,}" if phases else f"step {step:,}" for step, _ in found]
    return [step for step, _ in found], _labelled(pictures, texts)


def write_gif(path: str, pictures: Sequence[PIL.Image.Image], milliseconds: int) -> None:
    """Writes them as an endless animation.

    Args:
      path: the GIF file; folders are made where needed.
      pictures: at least one, of one size.
      milliseconds: that each is seen; the last four times as long. The format counts in tens.
    """
    require_at_least(10, milliseconds=milliseconds)
    _make_folder(path)
    # A palette each: what is left to the writer would take the first frame's for all.
    first, *rest = [picture.quantize(256, method=PIL.Image.Quantize.MEDIANCUT) for picture in pictures]
    durations = [milliseconds] * len(rest) + [4 * milliseconds]
    first.save(path, format="GIF", save_all=True, append_images=rest, duration=durations, loop=0, disposal=1)


def write_strip(path: str, pictures: Sequence[PIL.Image.Image], num_columns: int = 0) -> None:
    """Writes them side by side.

    Args:
      path: the PNG file; folders are made where needed.
      pictures: at least one, of one size.
      num_columns: pictures a row; 0 puts all in one.
    """
    num_columns = min(num_columns or len(pictures), len(pictures))
    width, height = (side + _GAP for side in pictures[0].size)
    num_rows = math.ceil(len(pictures) / num_columns)
    strip = PIL.Image.new("RGB", (width * num_columns - _GAP, height * num_rows - _GAP), "white")
    for index, picture in enumerate(pictures):
        strip.paste(picture, (width * (index % num_columns), height * (index // num_columns)))
    _make_folder(path)
    strip.save(path, format="PNG", optimize=True)


def _phase_ends(workdir: str | os.PathLike[str], steps: Sequence[int], wanted: Sequence[str]) -> dict[int, str]:
    """Of these steps the last one of each phase whose name is wanted, or begins so, with the name."""
    phase_of = {line["step"]: line["phase"] for line in files.read_metrics(workdir)}
    known = list(dict.fromkeys(phase_of.values()))
    for name in wanted:
        if not any(phase.startswith(name) for phase in known):
            raise ValueError(f"phases has {name!r}, and the run has had {', '.join(known) or 'none'}")
    # A run that was cut back to its checkpoint may have left pictures of later steps.
    last = {phase_of[step]: step for step in steps if step in phase_of}
    return {step: phase for phase, step in last.items() if phase.startswith(tuple(wanted))}


def _rows_height(workdir: str | os.PathLike[str], num_rows: int) -> int:
    spec = files.read_config(workdir)[1]
    if not spec.is_image:
        raise ValueError(f"num_rows is {num_rows}, and the run's data have shape {spec.shape}; rows are of images")
    return sheet.rows_height(spec.shape, num_rows)


def _spread(num: int, max_num: int) -> Sequence[int]:
    if not max_num or num <= max_num:
        return range(num)
    return [num - 1] if max_num == 1 else np.round(np.linspace(0, num - 1, max_num)).astype(int).tolist()


def _opened(path: pathlib.Path) -> PIL.Image.Image:
    with PIL.Image.open(path) as picture:
        return picture.convert("RGB")


def _labelled(pictures: Sequence[PIL.Image.Image], texts: Sequence[str]) -> list[PIL.Image.Image]:
    """Each as large as the largest, below its text."""
    width, height = (max(picture.size[axis] for picture in pictures) for axis in (0, 1))
    font = PIL.ImageFont.load_default(size=max(10, min(width // 12, 24)))
    boxes = [font.getbbox(text) for text in texts]
    head = math.ceil(max(top + bottom for _, top, _, bottom in boxes))
    shape = (max(width, *(math.ceil(right) + 4 for _, _, right, _ in boxes)), height + head)
    labelled = []
    for picture, text in zip(pictures, texts, strict=True):
        frame = PIL.Image.new("RGB", shape, "white")
        frame.paste(picture.resize((width, height), PIL.Image.Resampling.NEAREST), (0, head))
        PIL.ImageDraw.Draw(frame).text((2, 0), text, fill="black", font=font)
        labelled.append(frame)
    return labelled


def _offer(folder: pathlib.Path, kind: str) -> str:
    kinds = sorted(path.parent.name for path in folder.glob("*/step-*.png"))
    if not kinds:
        return "a run leaves them every training.sample_every steps, where its data are images or points of the plane"
    return nearest(kind, sorted(set(kinds)))


def _make_folder(path: str) -> None:
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
