"""Predictions and labels, and what scikit-learn says of them. Writes expected.json beside this file."""

import json
import sys
from pathlib import Path

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss, mean_squared_error, roc_auc_score

sys.path.append(str(Path(__file__).parent.parent))
from common import rounded  # noqa: E402


def logistic(name, rng, count, digits, weighted):
    """Labels drawn by a logit, and predictions of a few digits that know some of it. With few digits there are ties."""
    logits = rng.normal(-0.5, 1.5, count)
    labels = (rng.random(count) < 1 / (1 + np.exp(-logits))).astype(int)
    near = 1 / (1 + np.exp(-logits - rng.normal(0, 1, count)))
    predictions = np.clip(np.round(near, digits), 10.0**-digits, 1 - 10.0**-digits)
    weights = rounded(rng.random(count) * 3, 3).astype(np.float64) if weighted else None
    case = {
        "name": name,
        "loss": "logistic",
        "predictions": predictions.tolist(),
        "labels": labels.tolist(),
        "log_loss": log_loss(labels, predictions, sample_weight=weights),
        "roc_auc": roc_auc_score(labels, predictions, sample_weight=weights),
        "mean_prediction": np.average(predictions, weights=weights),
        "mean_label": np.average(labels, weights=weights),
    }
    if weights is not None:
        case["weights"] = weights.tolist()
    if len(set(predictions)) == count and weights is None:
        true, predicted = calibration_curve(labels, predictions, n_bins=10, strategy="quantile")
        case["calibration_curve"] = {"label": true.tolist(), "prediction": predicted.tolist()}
    return case


def squared(name, rng, count):
    labels = np.round(rng.normal(3, 1, count), 1)
    predictions = np.round(labels + rng.normal(0, 0.7, count), 2)
    weights = rounded(rng.random(count), 3).astype(np.float64)
    return {
        "name": name,
        "loss": "squared",
        "predictions": predictions.tolist(),
        "labels": labels.tolist(),
        "weights": weights.tolist(),
        "mean_squared_error": mean_squared_error(labels, predictions, sample_weight=weights),
    }


rng = np.random.default_rng(7)
cases = [
    logistic("no ties", rng, 100, 6, weighted=False),
    logistic("ties", rng, 60, 1, weighted=False),
    logistic("ties and weights", rng, 60, 1, weighted=True),
    squared("numbers", rng, 30),
]
lines = ["{" + ",\n".join(f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}" for key, value in case.items()) + "}" for case in cases]
path = Path(__file__).with_name("expected.json")
path.write_text('{"cases":[\n' + ",\n".join(lines) + "\n]}\n", encoding="ascii")
print(f"{path.name}: {len(cases)} cases")
