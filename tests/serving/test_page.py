"""The page of samples: over HTTP everywhere, and as a person sees it where there is a Chromium."""

import asyncio
import base64
import json
import re
import shutil

import pytest
import tensorflow as tf

from serving.page import models_json
from tests.serving import browser
from tests.serving.models_file import models_text

_SEED = tf.TensorSpec([None], tf.int64, name="seed")


class Painter(tf.Module):
    """Pictures whose one grey level is told by seed, class and temperature."""

    @tf.function(
        input_signature=[
            _SEED,
            tf.TensorSpec([None], tf.int32, name="label"),
            tf.TensorSpec([None], tf.float32, name="temperature"),
        ]
    )
    def sample_png(self, seed: tf.Tensor, label: tf.Tensor, temperature: tf.Tensor) -> dict[str, tf.Tensor]:
        level = tf.cast(seed, tf.float32) + 10.0 * tf.cast(label, tf.float32) + 100.0 * temperature
        pixels = tf.cast(level[:, None, None, None] * tf.ones([1, 2, 2, 1]), tf.uint8)
        return {"image_bytes": tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.string), "seed": seed}


@pytest.fixture(scope="module")
def server(serve, sampler_path, scale_path, tmp_path_factory):
    """Three models: `painter` of two classes and versions, `sampler`, and `scale`, which draws no pictures."""
    folder = tmp_path_factory.mktemp("models")
    painter = Painter()
    tf.saved_model.save(painter, str(folder / "painter" / "1"), signatures={"sample_png": painter.sample_png})
    extra = folder / "painter" / "1" / "assets.extra"
    extra.mkdir()
    (extra / "tfdgm.json").write_text(json.dumps({"data_spec": {"num_classes": 2}}))
    shutil.copytree(folder / "painter" / "1", folder / "painter" / "2")
    for name, path in (("sampler", sampler_path), ("scale", scale_path)):
        shutil.copytree(path, folder / name)
    config = folder / "models.config"
    every = "model_version_policy { all {} }"
    config.write_text(models_text(folder, ("painter", every), ("sampler", ""), ("scale", "")))
    with serve("", model_config_file=str(config), file_system_poll_wait_seconds=0) as running:
        yield running


def test_page_and_its_files_come_with_a_policy(server):
    for path, content_type in (("/", "text/html"), ("/page.js", "text/javascript"), ("/page.css", "text/css")):
        response = server._http.request("GET", server.rest_url + path)
        assert response.status == 200
        assert response.headers["Content-Type"] == f"{content_type}; charset=utf-8"
        assert response.headers["Content-Security-Policy"].startswith("default-src 'self'; img-src data:")
    page = server.http("GET", "/")[1].decode()
    assert set(re.findall(r'(?:src|href)="(/[^"]*)"', page)) == {"/page.js", "/page.css"}
    assert "http://" not in page
    assert "https://" not in page


def test_every_element_that_the_script_asks_for_is_in_the_page(server):
    page, script = (server.http("GET", path)[1].decode() for path in ("/", "/page.js"))
    asked = set(re.findall(r'\$\("([a-z-]+)"\)', script))
    assert len(asked) > 5
    assert asked <= set(re.findall(r'id="([a-z-]+)"', page))


def test_models_with_versions_and_inputs(server):
    status, document = server.rest("GET", "/models.json")
    assert status == 200
    inputs = {"label": "int32", "seed": "int64", "temperature": "float"}
    assert document["models"]["painter"]["versions"] == [
        {"version": "2", "inputs": inputs, "num_classes": 2},
        {"version": "1", "inputs": inputs, "num_classes": 2},
    ]
    assert document["models"]["sampler"]["versions"][0]["inputs"] == {"seed": "int64"}
    assert document["models"]["scale"]["versions"] == [{"version": "1", "inputs": None, "num_classes": 0}]
    assert models_json(server.server.catalog) == json.dumps(document)


def _run(server, work):
    path = browser.find_browser()
    if path is None:
        pytest.skip("no Chromium here; the page is tested over HTTP alone")

    async def run():
        async with browser.open_page(path, server.rest_url + "/") as page:
            await page.wait_for("document.querySelectorAll('#grid img').length === 16")
            result = await work(page)
            assert page.problems == []
            return result

    return asyncio.run(run())


_SET = """(id, value) => {
  const element = document.getElementById(id);
  element.value = value;
  for (const type of ['input', 'change']) element.dispatchEvent(new Event(type, {bubbles: true}));
}"""
_LEVELS = """Promise.all([...document.querySelectorAll('#grid img')].map(async (image) => {
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 2;
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, 1, 1).data[0];
}))"""


async def _set(page, name, value, count):
    await page.evaluate("document.getElementById('grid').replaceChildren()")
    await page.evaluate(f"({_SET})({name!r}, {value!r})")
    await page.wait_for(f"document.querySelectorAll('#grid img').length === {count}")


def test_sliders_draw_what_they_say(server):
    async def work(page):
        assert await page.evaluate(_LEVELS) == [100 + seed for seed in range(16)]  # temperature 1, class 0
        await _set(page, "num", "3", 3)
        await _set(page, "seed", "20", 3)
        assert await page.evaluate(_LEVELS) == [120, 121, 122]
        await _set(page, "condition-label", "1", 3)
        assert await page.evaluate(_LEVELS) == [130, 131, 132]
        await _set(page, "condition-temperature", "0.5", 3)
        assert await page.evaluate(_LEVELS) == [80, 81, 82]
        assert await page.evaluate("document.getElementById('condition-label').max") == "1"
        captions = "[...document.querySelectorAll('figcaption')].map((one) => one.textContent)"
        assert await page.evaluate(captions) == ["20", "21", "22"]
        status = await page.evaluate("document.getElementById('status').textContent")
        assert re.fullmatch(r"3 samples in \d+ ms; median of 5: \d+ ms", status)

    _run(server, work)


def test_models_and_versions_can_be_chosen(server):
    async def work(page):
        options = "(id) => [...document.getElementById(id).options].map((one) => one.value)"
        assert await page.evaluate(f"({options})('model')") == ["painter", "sampler", "scale"]
        assert await page.evaluate(f"({options})('version')") == ["2", "1"]
        await _set(page, "model", "sampler", 16)
        assert await page.evaluate(f"({options})('version')") == ["1"]
        assert await page.evaluate("document.getElementById('conditions').children.length") == 0
        await page.evaluate(f"({_SET})('model', 'scale')")
        text = "document.getElementById('status').textContent"
        assert await page.evaluate(text) == "This version has no signature sample_png: it draws no pictures."
        assert await page.evaluate("document.getElementById('draw').disabled")

    _run(server, work)


def test_fresh_seeds_and_errors_are_shown(server):
    async def work(page):
        await _set(page, "model", "sampler", 16)
        await page.evaluate("document.getElementById('fresh').checked = true")
        await page.evaluate("document.getElementById('draw').click()")
        captions = "[...document.querySelectorAll('figcaption')].map((one) => Number(one.textContent))"
        await page.wait_for(f"{captions}.every((seed) => seed > 15)")
        await page.evaluate("models.sampler.versions[0].version = '77'; showModel(); draw()")
        await page.wait_for("document.getElementById('status').classList.contains('error')")
        page.problems.clear()  # the browser logs the 404 that was asked for
        return await page.evaluate("document.getElementById('status').textContent")

    assert _run(server, work) == "Servable not found for request: Specific(sampler, 77)"


def test_it_looks_like_a_page(server, tmp_path):
    async def work(page):
        picture = await page.call("Page.captureScreenshot", format="png")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        return base64.b64decode(picture["data"])

    (tmp_path / "page.png").write_bytes(_run(server, work))
    assert (tmp_path / "page.png").stat().st_size > 5_000
