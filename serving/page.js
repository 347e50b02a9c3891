"use strict";
// The page of samples: asks the server's own REST API, and nothing else.

const $ = (id) => document.getElementById(id);
const SIGNATURE = "sample_png";
// How each further input of the signature is asked for; an input that is not here is asked for from 0 to 1.
const CONDITIONS = {
  label: { min: 0, max: 9, step: 1, value: 0 },
  truncation: { min: 0.05, max: 3, step: 0.05, value: 1 },
  temperature: { min: 0, max: 2, step: 0.05, value: 1 },
};
let models = {};
let turn = 0; // of the newest request: an answer to an older one is thrown away
let latencies = [];

async function ask(path, body) {
  const options = body ? { method: "POST", body: JSON.stringify(body) } : {};
  const response = await fetch(path, options);
  const document = await response.json();
  if (!response.ok) throw new Error(document.error || `status ${response.status}`);
  return document;
}

function say(text, isError = false) {
  $("status").textContent = text;
  $("status").classList.toggle("error", isError);
}

function fill(select, values, texts = values) {
  select.replaceChildren(...values.map((value, index) => new Option(texts[index], value)));
}

function slider(name, range, numClasses) {
  const label = document.createElement("label");
  const output = document.createElement("output");
  const input = document.createElement("input");
  Object.assign(input, { type: "range", id: `condition-${name}`, ...range });
  if (name === "label" && numClasses) input.max = numClasses - 1;
  input.value = range.value;
  output.id = `${input.id}-value`;
  output.textContent = input.value;
  input.addEventListener("input", () => { output.textContent = input.value; });
  label.append(`${name[0].toUpperCase()}${name.slice(1)} `, output, input);
  return label;
}

function showModel() {
  const versions = models[$("model").value].versions;
  fill($("version"), versions.map((one) => one.version));
  showVersion();
}

function chosen() {
  return models[$("model").value].versions.find((one) => one.version === $("version").value);
}

function showVersion() {
  latencies = [];
  const { inputs, num_classes: numClasses } = chosen();
  const names = Object.keys(inputs || {}).filter((name) => name !== "seed");
  $("conditions").replaceChildren(
    ...names.map((name) => slider(name, CONDITIONS[name] || { min: 0, max: 1, step: 0.05, value: 0.5 }, numClasses)),
  );
  $("draw").disabled = !inputs;
  $("grid").replaceChildren();
  say(inputs ? "" : `This version has no signature ${SIGNATURE}: it draws no pictures.`, !inputs);
}

function rows() {
  const names = Object.keys(chosen().inputs).filter((name) => name !== "seed");
  return Array.from({ length: Number($("num").value) }, (_, index) => {
    const row = { seed: $("fresh").checked ? -1 : Number($("seed").value) + index };
    for (const name of names) row[name] = Number($(`condition-${name}`).value);
    return row;
  });
}

async function draw(event) {
  event?.preventDefault();
  const mine = ++turn;
  const [model, version] = [$("model").value, $("version").value].map(encodeURIComponent);
  say("Drawing…");
  const start = performance.now();
  try {
    const path = `/v1/models/${model}/versions/${version}:predict`;
    const { predictions } = await ask(path, { signature_name: SIGNATURE, instances: rows() });
    if (mine !== turn) return;
    const milliseconds = performance.now() - start;
    latencies.push(milliseconds);
    const sorted = [...latencies].sort((a, b) => a - b);
    show(predictions);
    const median = sorted[Math.floor(sorted.length / 2)];
    say(`${predictions.length} samples in ${milliseconds.toFixed(0)} ms; median of ${sorted.length}: ${median.toFixed(0)} ms`);
  } catch (error) {
    if (mine === turn) say(error.message, true);
  }
}

function show(predictions) {
  $("grid").replaceChildren(...predictions.map((prediction) => {
    const picture = document.createElement("figure");
    const image = document.createElement("img");
    const caption = document.createElement("figcaption");
    const seed = prediction.seed ?? "";
    image.src = `data:image/png;base64,${(prediction.image_bytes ?? prediction).b64}`;
    image.alt = `sample of seed ${seed}`;
    caption.textContent = seed;
    picture.append(image, caption);
    return picture;
  }));
}

async function begin() {
  for (const name of ["num", "seed"]) {
    const show = () => { $(`${name}-value`).textContent = $(name).value; };
    $(name).addEventListener("input", show);
    show();
  }
  $("controls").addEventListener("submit", draw);
  $("controls").addEventListener("change", (event) => {
    if (event.target.id === "model") showModel();
    if (event.target.id === "version") showVersion();
    if (chosen().inputs) draw();
  });
  try {
    models = (await ask("/models.json")).models;
    const names = Object.keys(models).filter((name) => models[name].versions.length);
    if (!names.length) { say("No model is available yet; reload the page in a moment."); $("draw").disabled = true; return; }
    fill($("model"), names);
    showModel();
    if (chosen().inputs) await draw();
  } catch (error) {
    say(error.message, true);
  }
}

begin();
