"""Pictures of a run by step: their order, their sizes, what is written above them, the files that come of them."""

import json

import numpy as np
import PIL.Image
import pytest

from tfdgm import configs
from tfdgm.core.types import DataSpec
from tfdgm.evaluation import animation
from tfdgm.math import images
from tfdgm.workdir import files

_STEPS = (5, 20, 100, 1000, 12000)


def _write(folder, step, level, side=100, mode="L"):
    folder.mkdir(parents=True, exist_ok=True)
    PIL.Image.new("L", (side, side), level).convert(mode).save(folder / f"step-{step:09d}.png")


@pytest.fixture
def run(tmp_path):
    """Grey pictures, brighter by step; written last step first, beside files that are no pictures by step."""
    folder = tmp_path / "pictures" / "samples"
    for index, step in reversed(list(enumerate(_STEPS))):
        _write(folder, step, 40 * index, mode="L" if index % 2 else "RGB")
    (folder / "step-000000005.png.tmp").write_bytes(b"")
    (folder / "notes.txt").write_text("")
    return tmp_path


def _levels(frames):
    return [frame.getpixel((50, frame.height - 50))[0] for frame in frames]


def test_frames_stand_in_the_order_of_their_steps(run):
    steps, frames = animation.frames(run)
    assert steps == list(_STEPS)
    assert _levels(frames) == [0, 40, 80, 120, 160]
    assert len({frame.size for frame in frames}) == 1


def test_order_is_that_of_numbers_also_where_steps_outgrow_their_nine_digits(tmp_path):
    folder = tmp_path / "pictures" / "samples"
    _write(folder, 2_000_000_000, 200)
    _write(folder, 900_000_000, 100)
    assert animation.frames(tmp_path)[0] == [900_000_000, 2_000_000_000]


def test_the_step_is_written_above_the_picture(run):
    _, frames = animation.frames(run)
    heads = [np.asarray(frame)[: frame.height - 100] for frame in frames]
    assert all((head.min() < 64) and (head.max() == 255) for head in heads)
    assert not np.array_equal(heads[0], heads[1])
    assert frames[0].width >= 100
    assert np.asarray(frames[0])[frames[0].height - 100 :, :100].max() == 0  # nothing is written over it


@pytest.mark.parametrize(
    ("max_frames", "steps"), [(0, _STEPS), (9, _STEPS), (3, (5, 100, 12000)), (2, (5, 12000)), (1, (12000,))]
)
def test_fewer_frames_keep_the_first_and_the_last(run, max_frames, steps):
    assert animation.frames(run, max_frames=max_frames)[0] == list(steps)


def test_smaller_pictures_are_enlarged_pixel_by_pixel(tmp_path):
    folder = tmp_path / "pictures" / "samples"
    _write(folder, 1, 0, side=2)
    PIL.Image.fromarray(np.array([[0, 255], [90, 30]], np.uint8)).save(folder / "step-000000001.png")
    _write(folder, 2, 0, side=100)
    small = animation.frames(tmp_path)[1][0]
    pixels = np.asarray(small)[small.height - 100 :, :100, 0]
    assert set(pixels[:50, :50].ravel()) == {0}
    assert set(pixels[:50, 50:].ravel()) == {255}
    assert set(pixels[50:, :50].ravel()) == {90}


def _log(run, phases, spec):
    files.claim(run, configs.get_config("progan:digits"), spec, "1.0")
    lines = [{"step": step, "phase": phase} for step, phase in phases.items()]
    (run / files.METRICS).write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.parametrize(
    ("wanted", "steps"), [(["stabilize"], [20, 1000]), (["fade_8", "stabilize_8"], [100, 1000]), (["fade"], [100])]
)
def test_of_phases_the_last_pictures_stand_below_their_names(run, wanted, steps):
    # The picture of step 12000 is left from before the run was cut back.
    phases = {5: "stabilize_4", 20: "stabilize_4", 100: "fade_8", 500: "stabilize_8", 1000: "stabilize_8"}
    _log(run, phases, DataSpec((100, 100, 1)))
    found, frames = animation.frames(run, phases=wanted)
    assert found == steps
    assert _levels(frames) == [40 * _STEPS.index(step) for step in steps]
    plain = animation.frames(run)[1][_STEPS.index(steps[0])]
    assert frames[0].tobytes() != plain.tobytes()
    with pytest.raises(ValueError, match="phases has 'fade_16', and the run has had stabilize_4, fade_8, stabilize_8"):
        animation.frames(run, phases=["fade_16"])


def test_of_a_sheet_the_first_rows_alone(tmp_path):
    spec = DataSpec((8, 8, 1))
    sheet = images.contact_sheet(np.linspace(0, 1, 6, dtype=np.float32)[:, None, None, None] * np.ones((8, 8, 1)), spec)
    folder = tmp_path / "pictures" / "samples"
    folder.mkdir(parents=True)
    PIL.Image.fromarray(sheet[:, :, 0]).save(folder / "step-000000001.png")
    _log(tmp_path, {1: "stabilize_8"}, spec)
    (frame,) = animation.frames(tmp_path, num_rows=1)[1]
    np.testing.assert_array_equal(np.asarray(frame)[-48:, : sheet.shape[1], 0], sheet[:48, :, 0])
    (frame,) = animation.frames(tmp_path, num_rows=9)[1]
    np.testing.assert_array_equal(np.asarray(frame)[-98:, : sheet.shape[1], 0], sheet[:, :, 0])


def test_rows_of_what_is_no_sheet_are_refused(run):
    _log(run, {5: "train"}, DataSpec((2,), domain="real"))
    with pytest.raises(ValueError, match=r"num_rows is 1, and the run's data have shape \(2,\); rows are of images"):
        animation.frames(run, num_rows=1)


def test_the_animation_has_every_frame_and_runs_for_ever(run, tmp_path):
    path = tmp_path / "deep" / "samples.gif"
    _, frames = animation.frames(run)
    animation.write_gif(str(path), frames, 200)
    with PIL.Image.open(path) as file:
        assert (file.n_frames, file.size, file.info["loop"]) == (5, frames[0].size, 0)
        seen, durations = [], []
        for index in range(5):
            file.seek(index)
            seen.append(file.convert("RGB"))
            durations.append(file.info["duration"])
    np.testing.assert_allclose(_levels(seen), _levels(frames), atol=2)
    assert durations == [200, 200, 200, 200, 800]
    first = path.read_bytes()
    animation.write_gif(str(path), animation.frames(run)[1], 200)
    assert path.read_bytes() == first


def test_the_strip_puts_frames_side_by_side_or_in_rows(run, tmp_path):
    path = tmp_path / "deep" / "strip.png"
    _, frames = animation.frames(run)
    width, height = frames[0].size
    animation.write_strip(str(path), frames)
    with PIL.Image.open(path) as strip:
        assert strip.size == (5 * (width + 4) - 4, height)
        assert strip.crop((2 * (width + 4), 0, 3 * (width + 4) - 4, height)).tobytes() == frames[2].tobytes()
    animation.write_strip(str(path), frames, num_columns=2)
    with PIL.Image.open(path) as strip:
        assert strip.size == (2 * width + 4, 3 * (height + 4) - 4)
        assert strip.crop((0, height + 4, width, 2 * height + 4)).tobytes() == frames[2].tobytes()


def test_refused(run, tmp_path):
    with pytest.raises(ValueError, match=r"pictures/sampels has no pictures by step; did you mean 'samples'\?"):
        animation.frames(run, "sampels")
    with pytest.raises(ValueError, match=r"a run leaves them every training\.sample_every steps"):
        animation.frames(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="max_frames is -1; it must be at least 0"):
        animation.frames(run, max_frames=-1)
    with pytest.raises(ValueError, match="milliseconds is 5; it must be at least 10"):
        animation.write_gif(str(tmp_path / "x.gif"), animation.frames(run)[1], 5)
