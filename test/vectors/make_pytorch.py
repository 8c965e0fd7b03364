"""Writes pytorch.json: what PyTorch's optimizers and embedding_bag make of the batches of common.py."""

from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import embedding_bag
from torch.optim import Adam, AdamW, SparseAdam

from common import data, rounded, write

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
VERSION = torch.__version__.split("+")[0]


def run(dtype, initial, batches, sparse, make, clip):
    """The table after each step."""
    table = torch.nn.Embedding(*initial.shape, sparse=sparse, _weight=torch.tensor(initial, dtype=dtype))
    optimizer = make(table.parameters())
    after = []
    for batch in batches:
        if "lr" in batch:
            optimizer.param_groups[0]["lr"] = batch["lr"]
        optimizer.zero_grad()
        table(torch.tensor(batch["ids"], dtype=torch.long)).backward(torch.tensor(batch["gradients"], dtype=dtype))
        if clip:
            clip(table.parameters())
        optimizer.step()
        after.append(table.weight.detach().numpy().copy())
    return after


def training(name, seed, rows, dim, steps, optimizer, make, *, sparse=False, clip=None, note=None, options={}, **batching):
    initial, batches = data(seed, rows, dim, steps, **batching)
    optimizer = {**optimizer, "scope": optimizer.get("scope", "touched" if sparse else "all")}
    probe = make([torch.nn.Parameter(torch.zeros(1))])
    case = {
        "name": name,
        "kind": "training",
        "source": f"torch.optim.{type(probe).__name__} {VERSION}",
        **({"note": note} if note else {}),
        "rows": rows,
        "dim": dim,
        "options": {"optimizer": optimizer, **options},
        "dense": not sparse,
        "initial": initial,
        "batches": batches,
        "weights": run(torch.float32, initial, batches, sparse, make, clip),
        "weights64": run(torch.float64, initial, batches, sparse, make, clip)[-1],
    }
    error = np.abs(case["weights"][-1] - case["weights64"]).max()
    assert error < 2e-5, (name, error)
    return case


def decay(rate, kind):
    return {"weightDecay": {"rate": rate, "type": kind, "scope": "all"}}


def sgd(name, seed, rows, dim, steps, lr, momentum=None, nesterov=False, l2=0, **more):
    optimizer = {"type": "sgd", "lr": lr}
    if momentum:
        optimizer["momentum"] = momentum
    if nesterov:
        optimizer["nesterov"] = True
    optimizer.update(more.pop("scope", {}))
    options = {**(decay(l2, "l2") if l2 else {}), **more.pop("options", {})}
    make = lambda weights: torch.optim.SGD(weights, lr=lr, momentum=momentum or 0, nesterov=nesterov, weight_decay=l2)
    return training(name, seed, rows, dim, steps, optimizer, make, options=options, **more)


def adam(name, seed, rows, dim, steps, kind, lr, beta1=0.9, beta2=0.999, eps=1e-8, rate=0, **more):
    optimizer = {"type": "adamw" if kind is AdamW else "adam", "lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps}
    options = decay(rate, "decoupled" if kind is AdamW else "l2") if rate else {}
    extra = {} if kind is SparseAdam else {"weight_decay": rate}
    make = lambda weights: kind(weights, lr=lr, betas=(beta1, beta2), eps=eps, **extra)
    return training(name, seed, rows, dim, steps, optimizer, make, options=options, sparse=kind is SparseAdam, **more)


def rmsprop(name, seed, rows, dim, steps, lr, alpha, eps):
    optimizer = {"type": "rmsprop", "lr": lr, "alpha": alpha, "eps": eps}
    make = lambda weights: torch.optim.RMSprop(weights, lr=lr, alpha=alpha, eps=eps)
    return training(name, seed, rows, dim, steps, optimizer, make)


def adagrad(name, seed, rows, dim, steps, lr, accumulator=0, eps=1e-10, l2=0, sparse=False):
    optimizer = {"type": "adagrad", "lr": lr, "accumulator": accumulator, "eps": eps}
    make = lambda weights: torch.optim.Adagrad(weights, lr=lr, initial_accumulator_value=accumulator, eps=eps, weight_decay=l2)
    return training(name, seed, rows, dim, steps, optimizer, make, sparse=sparse, options=decay(l2, "l2") if l2 else {})


def by_value(limit):
    return {
        "clip": lambda weights: torch.nn.utils.clip_grad_value_(weights, limit),
        "options": {"clip": {"type": "value", "limit": limit}},
    }


def by_norm(limit):
    return {
        "clip": lambda weights: torch.nn.utils.clip_grad_norm_(weights, limit),
        "options": {"clip": {"type": "global-norm", "limit": limit}},
        "note": "clip_grad_norm_ multiplies by min(1, limit / (norm + 1e-6)), not by min(1, limit / norm)",
    }


def pooling(name, seed, rows, dim, bags, mode, weighted=False, padding=None, ties=False, note=None):
    """embedding_bag and its gradients. `bags` lists the ids of each bag."""
    rng = np.random.default_rng(seed)
    weights = rounded(rng.normal(size=(rows, dim)))
    if ties:
        weights[3] = weights[1]  # rows 1 and 3 are equal, rows 2 and 4 in their even elements
        weights[4, ::2] = weights[2, ::2]
    ids = [id for bag in bags for id in bag]
    offsets = np.cumsum([0] + [len(bag) for bag in bags]).tolist()
    factors = rounded(rng.normal(size=len(ids))) if weighted else None
    out_gradient = rounded(rng.normal(size=(len(bags), dim)))

    table = torch.tensor(weights, requires_grad=True)
    sample = torch.tensor(factors, requires_grad=True) if weighted else None
    options = {"mode": mode, "per_sample_weights": sample, "padding_idx": padding, "include_last_offset": True}
    pooled = embedding_bag(torch.tensor(ids), table, torch.tensor(offsets), **options)
    pooled.backward(torch.tensor(out_gradient))
    return {
        "name": name,
        "kind": "pooling",
        "source": f"torch.nn.functional.embedding_bag {VERSION}",
        **({"note": note} if note else {}),
        "rows": rows,
        "dim": dim,
        "mode": mode,
        **({"paddingId": padding} if padding is not None else {}),
        "ids": ids,
        "offsets": offsets,
        **({"perSample": factors} if weighted else {}),
        "weights": weights,
        "pooled": pooled.detach().numpy(),
        "outGradient": out_gradient,
        "weightGradient": table.grad.numpy(),
        **({"perSampleGradient": sample.grad.numpy()} if weighted else {}),
    }


BAGS = [[2, 5, 2], [], [0], [6, 6, 6, 1], [3, 5], []]  # repeated ids, empty bags; row 4 never occurs
PADDED = [[2, 5, 2], [5, 5], [0, 5], [], [5, 6, 1, 5, 3], [3]]  # padding id 5: inside bags, and a bag of nothing else
TIES = [[1, 3], [3, 1], [2, 4, 2], [4, 2], [1, 1, 3], [], [0, 5]]

cases = [
    sgd("sgd", 1, 8, 5, 6, 0.1),
    sgd("sgd-momentum", 2, 9, 4, 7, 0.05, 0.9),
    sgd("sgd-nesterov", 3, 7, 7, 7, 0.05, 0.8, True),
    sgd("sgd-l2", 4, 8, 3, 6, 0.1, l2=0.1),
    sgd("sgd-momentum-l2", 5, 10, 3, 8, 0.05, 0.9, l2=0.02),
    sgd("sgd-nesterov-l2", 6, 7, 5, 6, 0.05, 0.9, True, l2=0.05),
    sgd("sgd-rates", 7, 8, 6, 6, 0.1, rates=[0.1, 0.1, 0.05, 0.02, 0.2, 0.001]),
    sgd("sgd-momentum-rates", 8, 7, 4, 7, 0.1, 0.9, rates=[0.1, 0.1, 0.01, 0.05, 0.05, 0.2, 0.02],
        note="the rate is applied to the buffer when a step is taken, not to the gradients when they are gathered"),
    sgd("sgd-sparse", 9, 11, 5, 6, 0.1, sparse=True),
    sgd("sgd-sparse-momentum", 10, 9, 3, 8, 0.05, 0.9, sparse=True, scope={"scope": "all"},
        note="with sparse gradients, too, the buffers of all rows decay and move their rows at every step"),
    sgd("sgd-clip-value", 11, 8, 4, 6, 0.1, **by_value(0.5)),
    sgd("sgd-clip-norm", 12, 8, 5, 7, 0.1, **by_norm(3.0)),
    sgd("sgd-clip-norm-small", 13, 7, 3, 6, 1000.0, scales=(1e-6, 1e-5, 1e-4), **by_norm(1e-4)),
    sgd("sgd-momentum-l2-clip-value", 14, 9, 4, 7, 0.05, 0.9, l2=0.1, **by_value(0.3)),
    sgd("sgd-momentum-l2-clip-norm", 15, 8, 6, 7, 0.05, 0.9, l2=0.1, **by_norm(2.0)),
    adam("adam", 20, 9, 5, 8, Adam, 0.01),
    adam("adam-large-eps", 21, 7, 8, 7, Adam, 0.05, 0.8, 0.95, 0.1),
    adam("adam-l2", 22, 10, 4, 8, Adam, 0.01, rate=0.05),
    adam("adamw", 23, 8, 6, 8, AdamW, 0.02, rate=0.1),
    adam("adamw-rates", 24, 7, 5, 6, AdamW, 0.05, 0.9, 0.99, rate=0.2, rates=[0.05, 0.05, 0.01, 0.1, 0.02, 0.02]),
    adam("sparse-adam", 25, 12, 4, 8, SparseAdam, 0.01),
    adam("sparse-adam-large-eps", 26, 8, 9, 7, SparseAdam, 0.05, 0.8, 0.95, 0.1),
    adam("sparse-adam-empty-batch", 27, 8, 3, 7, SparseAdam, 0.02, 0.9, 0.99, empty=4,
         note="the fifth batch is empty: it counts as a step in the bias correction"),
    rmsprop("rmsprop", 30, 9, 5, 8, 0.01, 0.99, 1e-8),
    rmsprop("rmsprop-large-eps", 31, 7, 6, 7, 0.05, 0.8, 0.1),
    adagrad("adagrad", 40, 8, 5, 7, 0.1),
    adagrad("adagrad-l2", 41, 9, 4, 8, 0.1, 0.05, l2=0.05),
    adagrad("sparse-adagrad", 42, 11, 3, 7, 0.1, sparse=True),
    adagrad("sparse-adagrad-accumulator", 43, 8, 7, 8, 0.1, 0.1, sparse=True),
    adagrad("sparse-adagrad-large-eps", 44, 7, 4, 6, 0.2, 0, 0.5, sparse=True),
    pooling("pool-sum", 50, 7, 5, BAGS, "sum"),
    pooling("pool-mean", 51, 7, 3, BAGS, "mean"),
    pooling("pool-max", 52, 7, 6, BAGS, "max"),
    pooling("pool-sum-per-sample", 53, 7, 4, BAGS, "sum", weighted=True),
    pooling("pool-sum-padding", 54, 7, 4, PADDED, "sum", padding=5),
    pooling("pool-mean-padding", 55, 7, 5, PADDED, "mean", padding=5, note="the mean is over the ids that are not padding"),
    pooling("pool-max-padding", 56, 7, 4, PADDED, "max", padding=5, note="a bag of padding only pools to zeros"),
    pooling("pool-sum-per-sample-padding", 57, 7, 3, PADDED, "sum", weighted=True, padding=5,
        note="the gradient of padding's weight is 0"),
    pooling("pool-max-ties", 58, 6, 5, TIES, "max", ties=True,
        note="rows 1 and 3 are equal, and so are the even elements of rows 2 and 4: the gradient goes to the first occurrence only"),
]
if __name__ == "__main__":
    write(Path(__file__).with_name("pytorch.json"), cases)
