"""What the scripts share: tables and batches from a seed, and the layout of the files."""

import json

import numpy as np


def rounded(values, digits=4):
    """The float32 nearest to each value written with a few digits, so that the files stay short."""
    short = [float(f"{value:.{digits - 1}e}") for value in np.ravel(values)]
    return np.array(short, np.float32).reshape(np.shape(values))


def data(seed, rows, dim, steps, scales=(1e-3, 1e-2, 0.1, 1, 10), duplicates=True, empty=None, rates=None, grid=None):
    """
    First weights and batches. Row `rows // 2` never occurs, row 1 only in the first and the last batch. Gradients are decimals of four
    digits or, with `grid`, multiples of 1 / grid.
    """
    rng = np.random.default_rng(seed)
    never, rare = rows // 2, 1
    common = [row for row in range(rows) if row not in (never, rare)]
    frequency = 1 / np.arange(1, len(common) + 1)
    batches = []
    for step in range(steps):
        ids = rng.choice(common, rng.integers(3, 6), replace=duplicates, p=frequency / frequency.sum()).tolist()
        if step in (0, steps - 1):
            ids.insert(1, rare)
        if duplicates:
            ids.append(ids[0])
        gradients = rng.normal(size=(len(ids), dim)) * rng.choice(scales, (len(ids), 1))
        if step == 2:
            gradients[0, 0] = 0  # an element without a gradient
        if step == 3:
            gradients[np.array(ids) == ids[0]] = 0  # a row that is in the batch, but without a gradient
        if step == empty:
            ids, gradients = [], gradients[:0]
        batch = {"ids": ids, "gradients": (np.round(gradients * grid) / grid).astype(np.float32) if grid else rounded(gradients)}
        if rates:
            batch["lr"] = rates[step]
        batches.append(batch)
    return rounded(rng.normal(size=(rows, dim)) * 0.5), batches


def float32(value):
    """The shortest decimal that reads as this float32, also by way of a float64."""
    text = str(np.float32(value)).replace("e-0", "e-").replace("e+0", "e+")
    text = text[:-2] if text.endswith(".0") else text
    assert np.float32(float(text)) == value and np.isfinite(value)
    return text


def text(value):
    if isinstance(value, np.ndarray):
        if value.dtype == np.float64:
            return "[" + ",".join(f"{x:.12g}" for x in value.ravel()) + "]"
        return "[" + ",".join(map(float32, value.ravel())) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{text(item)}" for key, item in value.items()) + "}"
    return json.dumps(value, separators=(",", ":"))


def entry(key, value):
    """One line for a value, but for batches and weights one line a step."""
    if key in ("batches", "weights") and isinstance(value, list):
        return f'"{key}":[\n' + ",\n".join(map(text, value)) + "\n]"
    return f'"{key}":{text(value)}'


def write(path, cases):
    names = [case["name"] for case in cases]
    assert len(set(names)) == len(names)
    blocks = ["{" + ",\n".join(entry(key, value) for key, value in case.items()) + "}" for case in cases]
    with open(path, "w", encoding="ascii", newline="\n") as file:
        file.write('{"cases":[\n' + ",\n".join(blocks) + "\n]}\n")
    print(f"{path}: {len(cases)} cases")
