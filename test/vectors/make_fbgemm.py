"""Writes fbgemm.json: what FBGEMM's fused embedding tables make of the batches of common.py, on its CPU kernels."""

import importlib.metadata
import logging
import warnings
from pathlib import Path

import numpy as np
import torch

warnings.filterwarnings("ignore")
logging.disable(logging.INFO)

from fbgemm_gpu.split_embedding_configs import EmbOptimType as Optim, SparseType
from fbgemm_gpu.split_table_batched_embeddings_ops_common import BoundsCheckMode, EmbeddingLocation, PoolingMode
from fbgemm_gpu.split_table_batched_embeddings_ops_training import (
    ComputeDevice,
    CounterBasedRegularizationDefinition,
    CounterWeightDecayMode,
    DenseTableBatchedEmbeddingBagsCodegen,
    LearningRateMode,
    SplitTableBatchedEmbeddingBagsCodegen,
    WeightDecayMode,
)

from common import data, rounded, write

torch.set_num_threads(1)
VERSION = importlib.metadata.version("fbgemm-gpu-cpu")
NONE, SUM, MEAN = PoolingMode.NONE, PoolingMode.SUM, PoolingMode.MEAN


def run(initial, batches, accumulator=0, **arguments):
    """The table after each step. With SUM, too, each id is a bag of its own."""
    table = SplitTableBatchedEmbeddingBagsCodegen(
        [(*initial.shape, EmbeddingLocation.HOST, ComputeDevice.CPU)], bounds_check_mode=BoundsCheckMode.FATAL, **arguments
    )
    weights = table.split_embedding_weights()[0]
    weights.copy_(torch.tensor(initial))
    if accumulator:
        table.split_optimizer_states()[0][0].fill_(accumulator)
    after = []
    for batch in batches:
        if "lr" in batch:
            table.set_learning_rate(batch["lr"])
        ids = torch.tensor(batch["ids"])
        table(ids, torch.arange(len(ids) + 1)).backward(torch.tensor(batch["gradients"]))
        after.append(weights.detach().float().numpy().copy())
    return after


def training(name, seed, rows, dim, steps, rule, pooling, *, note=None, options={}, half=False, batching={}, **arguments):
    initial, batches = data(seed, rows, dim, steps, **batching)
    if half:
        initial = initial.astype(np.float16).astype(np.float32)
        arguments.update(weights_precision=SparseType.FP16, stochastic_rounding=False)
        options = {**options, "dtype": "f16"}
    return {
        "name": name,
        "kind": "training",
        "source": f"FBGEMM {VERSION} {arguments['optimizer'].name}, CPU, pooling {pooling.name}",
        **({"note": note} if note else {}),
        "rows": rows,
        "dim": dim,
        "options": {"optimizer": rule, **options},
        "dense": False,
        "initial": initial,
        "batches": batches,
        "weights": run(initial, batches, pooling_mode=pooling, learning_rate=rule["lr"], **arguments),
    }


def sgd(name, seed, rows, dim, steps, lr, pooling=NONE, **more):
    rule = {"type": "sgd", "lr": lr, "scope": "touched"}
    return training(name, seed, rows, dim, steps, rule, pooling, optimizer=Optim.EXACT_SGD, **more)


def adagrad(name, seed, rows, dim, steps, lr, eps=1e-8, accumulator=0, pooling=NONE, **more):
    rule = {"type": "adagrad", "lr": lr, "accumulator": accumulator, "eps": eps, "scope": "touched"}
    return training(name, seed, rows, dim, steps, rule, pooling, optimizer=Optim.EXACT_ADAGRAD, eps=eps, accumulator=accumulator, **more)


def rowwise(name, seed, rows, dim, steps, lr, eps=1e-8, accumulator=0, pooling=NONE, decay=None, rate=0, **more):
    rule = {"type": "rowwise-adagrad", "lr": lr, "accumulator": accumulator, "eps": eps}
    if decay:
        more["options"] = {"weightDecay": {"rate": rate, "type": decay, "scope": "touched"}}
        more["weight_decay"] = rate
        more["weight_decay_mode"] = {"l2": WeightDecayMode.L2, "decoupled": WeightDecayMode.DECOUPLE}[decay]
    more.update(optimizer=Optim.EXACT_ROWWISE_ADAGRAD, eps=eps, accumulator=accumulator)
    return training(name, seed, rows, dim, steps, rule, pooling, **more)


def pooling(name, seed, rows, dim, bags, mode, weighted=False, note=None):
    """The table whose gradient is dense. `bags` lists the ids of each bag."""
    rng = np.random.default_rng(seed)
    weights = rounded(rng.normal(size=(rows, dim)))
    ids = [id for bag in bags for id in bag]
    offsets = np.cumsum([0] + [len(bag) for bag in bags]).tolist()
    factors = rounded(rng.normal(size=len(ids))) if weighted else None
    out_gradient = rounded(rng.normal(size=(len(bags), dim)))

    table = DenseTableBatchedEmbeddingBagsCodegen([(rows, dim)], pooling_mode=mode, use_cpu=True)
    table.weights.data.copy_(torch.tensor(weights.ravel()))
    sample = torch.tensor(factors, requires_grad=True) if weighted else None
    pooled = table(torch.tensor(ids), torch.tensor(offsets), sample)
    pooled.backward(torch.tensor(out_gradient))
    return {
        "name": name,
        "kind": "pooling",
        "source": f"FBGEMM {VERSION} DenseTableBatchedEmbeddingBagsCodegen, CPU",
        **({"note": note} if note else {}),
        "rows": rows,
        "dim": dim,
        "mode": mode.name.lower(),
        "ids": ids,
        "offsets": offsets,
        **({"perSample": factors} if weighted else {}),
        "weights": weights,
        "pooled": pooled.detach().numpy(),
        "outGradient": out_gradient,
        "weightGradient": table.weights.grad.reshape(rows, dim).numpy(),
        **({"perSampleGradient": sample.grad.numpy()} if weighted else {}),
    }


def findings():
    """What the CPU kernels ignore. Each line fails should a later version honour it."""
    initial, batches = data(90, 7, 8, 6)
    last = lambda **arguments: run(initial, batches, learning_rate=0.1, **{"optimizer": Optim.EXACT_ROWWISE_ADAGRAD, **arguments})[-1]
    plain = {mode: last(pooling_mode=mode) for mode in (NONE, SUM)}

    # with pooling, the float32 kernel of row-wise Adagrad ignores weight decay
    for decay in (WeightDecayMode.L2, WeightDecayMode.DECOUPLE):
        assert np.array_equal(last(pooling_mode=SUM, weight_decay=0.3, weight_decay_mode=decay), plain[SUM])
        assert not np.array_equal(last(pooling_mode=NONE, weight_decay=0.3, weight_decay_mode=decay), plain[NONE])
    # the kernel with counters does not count: every learning rate mode is row-wise Adagrad
    for mode in LearningRateMode:
        counters = CounterBasedRegularizationDefinition(learning_rate_mode=mode, adjustment_ub=4.0)
        counted = last(pooling_mode=NONE, weight_decay_mode=WeightDecayMode.COUNTER, counter_based_regularization=counters)
        assert np.abs(counted - plain[NONE]).max() < 1e-6
    # and every way of decay is the same one, which none of them is on a GPU
    decayed = [
        last(
            pooling_mode=NONE,
            weight_decay=0.3,
            weight_decay_mode=WeightDecayMode.COUNTER,
            counter_based_regularization=CounterBasedRegularizationDefinition(counter_weight_decay_mode=mode),
        )
        for mode in CounterWeightDecayMode
    ]
    assert all(np.array_equal(table, decayed[0]) for table in decayed)
    # the limit of a row's norm is ignored
    assert np.array_equal(last(pooling_mode=NONE, max_norm=0.1), plain[NONE])
    # stochastic rounding is ignored
    half = {"pooling_mode": NONE, "optimizer": Optim.EXACT_SGD, "weights_precision": SparseType.FP16}
    assert np.array_equal(last(**half, stochastic_rounding=True), last(**half, stochastic_rounding=False))
    # a weighted mean is divided by the length of the bag, its gradient is not
    table = DenseTableBatchedEmbeddingBagsCodegen([(2, 4)], pooling_mode=MEAN, use_cpu=True)
    table.weights.data.fill_(1)
    pooled = table(torch.tensor([0, 1]), torch.tensor([0, 2]), torch.tensor([3.0, 5.0]))
    pooled.backward(torch.ones(1, 4))
    assert pooled.tolist() == [[4] * 4] and table.weights.grad.tolist() == [3] * 4 + [5] * 4
    # Adam in any form is for GPUs
    for optimizer in (Optim.ADAM, Optim.PARTIAL_ROWWISE_ADAM):
        try:
            last(pooling_mode=NONE, optimizer=optimizer)
        except AssertionError as error:
            assert "not supported in CPU mode" in str(error)
        else:
            raise AssertionError(f"{optimizer} runs")


BAGS = [[2, 5, 2], [], [0], [6, 6, 6, 1], [3, 5], []]  # repeated ids, empty bags; row 4 never occurs
TWICE = "the step is rounded to float16 before it is subtracted, the difference once more"

cases = [
    sgd("sgd", 1, 9, 4, 7, 0.1, batching={"rates": [0.1, 0.1, 0.05, 0.02, 0.2, 0.2, 0.01]}),
    sgd("sgd-pooled", 2, 8, 8, 6, 0.1, SUM),
    sgd("sgd-clip-value", 3, 10, 4, 6, 0.1, gradient_clipping=True, max_gradient=0.5, batching={"duplicates": False},
        options={"clip": {"type": "value", "limit": 0.5}},
        note="FBGEMM clips each occurrence before it sums them, so no id occurs twice in a batch here"),
    adagrad("adagrad", 4, 11, 4, 8, 0.1),
    adagrad("adagrad-accumulator-pooled", 5, 7, 8, 7, 0.1, accumulator=0.1, pooling=SUM),
    adagrad("adagrad-large-eps", 6, 8, 4, 6, 0.2, eps=0.5),
    rowwise("rowwise-adagrad", 7, 9, 8, 8, 0.1),
    rowwise("rowwise-adagrad-pooled", 8, 12, 4, 7, 0.1, pooling=SUM),
    rowwise("rowwise-adagrad-accumulator", 9, 8, 8, 7, 0.05, accumulator=0.2),
    rowwise("rowwise-adagrad-large-eps", 10, 7, 4, 6, 0.2, eps=0.5),
    rowwise("rowwise-adagrad-l2", 11, 8, 4, 8, 0.1, decay="l2", rate=0.2),
    rowwise("rowwise-adagrad-decoupled", 12, 9, 8, 7, 0.1, decay="decoupled", rate=0.3),
    sgd("sgd-f16-exact-steps", 16, 9, 4, 7, 0.25, half=True, batching={"scales": (0.1, 1, 2), "grid": 64},
        note="every step is a float16 number, so that only the subtraction rounds"),
    sgd("sgd-f16", 13, 8, 4, 7, 0.25, half=True, note=TWICE),
    sgd("sgd-f16-pooled", 14, 7, 8, 6, 0.1, SUM, half=True, note=TWICE),
    rowwise("rowwise-adagrad-f16", 15, 8, 4, 7, 0.1, half=True, note="computed in float32, the new weight rounded once"),
    pooling("pool-sum", 20, 7, 4, BAGS, SUM),
    pooling("pool-mean", 21, 7, 8, BAGS, MEAN),
    pooling("pool-sum-per-sample", 22, 7, 4, BAGS, SUM, weighted=True),
]
if __name__ == "__main__":
    findings()
    write(Path(__file__).with_name("fbgemm.json"), cases)
