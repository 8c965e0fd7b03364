"""Contestants of bench/suite from PyTorch and FBGEMM: takes requests, one JSON object a line, and answers with the microseconds of each step.

Usage: tables.py FOLDER [--global]. FOLDER has the batches that bench/suite wrote, NAME.ids and NAME.gradients. With --global libtorch is loaded with RTLD_GLOBAL,
without which FBGEMM's JIT kernels are not found and reference loops run instead.

A request is {"contestant": "pytorch sgd", "workload": "W1", "rows", "dim", "count", "threads", "steps"}, with "tables" where a batch is that of several tables
(count ids each, one table's after the other). The first one of a contestant makes its table, and compares its answer with that of a plain loop in NumPy; the table is kept
until {"close": true}.

What is timed of an update: what follows once the gradient of the looked-up vectors is known. With PyTorch this is making the sparse gradient (what the backward pass of
nn.Embedding(sparse=True) calls) and optimizer.step(); with FBGEMM the backward pass, in which its update is fused. Forward passes are not timed. Those of FBGEMM are all run
before the first backward pass of a turn, so that they do not bring the rows of a step into caches.
"""

import ctypes
import json
import logging
import os
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")
logging.disable(logging.INFO)

import torch

if "--global" in sys.argv:
    folder = os.path.join(os.path.dirname(torch.__file__), "lib")
    for library in ("libc10.so", "libtorch_cpu.so", "libtorch.so"):
        ctypes.CDLL(os.path.join(folder, library), mode=ctypes.RTLD_GLOBAL)

from fbgemm_gpu.split_embedding_configs import EmbOptimType as Optim
from fbgemm_gpu.split_table_batched_embeddings_ops_common import BoundsCheckMode, EmbeddingLocation, PoolingMode
from fbgemm_gpu.split_table_batched_embeddings_ops_training import (
    ComputeDevice,
    CounterBasedRegularizationDefinition,
    LearningRateMode,
    SplitTableBatchedEmbeddingBagsCodegen,
    WeightDecayMode,
)

LR, EPS, BAG = 0.01, 1e-8, 8
BETA1, BETA2 = 0.9, 0.999


class NumpyTable:
    """What an update computes, as plainly as NumPy has it: the expected answer."""

    def __init__(self, rule, rows, dim):
        self.rule, self.steps = rule, 0
        self.weights = np.zeros((rows, dim), np.float32)
        self.first, self.second = np.zeros_like(self.weights), np.zeros_like(self.weights)

    def step(self, ids, gradients):
        self.steps += 1
        rows, inverse = np.unique(ids, return_inverse=True)
        order = np.argsort(inverse, kind="stable")
        sums = np.add.reduceat(gradients[order], np.searchsorted(inverse[order], np.arange(len(rows))), axis=0)
        if self.rule == "sgd":
            change = sums
        elif self.rule == "adagrad":
            self.second[rows] += sums**2
            change = sums / (np.sqrt(self.second[rows]) + EPS)
        elif self.rule == "rowwise-adagrad":
            self.second[rows, 0] += (sums**2).mean(1)
            change = sums / (np.sqrt(self.second[rows, :1]) + EPS)
        else:  # adam, of the rows in the batch alone
            self.first[rows] += (1 - BETA1) * (sums - self.first[rows])
            self.second[rows] += (1 - BETA2) * (sums**2 - self.second[rows])
            rate = np.sqrt(1 - BETA2**self.steps) / (1 - BETA1**self.steps)
            change = rate * self.first[rows] / (np.sqrt(self.second[rows]) + EPS)
        self.weights[rows] -= LR * change


class Batches:
    """The batches of a workload; ids are int64, as both libraries take them fastest."""

    def __init__(self, folder, request):
        self.tables = request.get("tables", 1)
        self.rows, self.dim, self.count = request["rows"], request["dim"], request["count"] * self.tables
        ids = np.fromfile(os.path.join(folder, f"{request['workload']}.ids"), "<u4").astype(np.int64)
        gradients = np.fromfile(os.path.join(folder, f"{request['workload']}.gradients"), "<f4")
        self.ids = torch.from_numpy(ids).split(self.count)
        self.gradients = torch.from_numpy(gradients).reshape(-1, self.dim).split(self.count)

    def __len__(self):
        return len(self.ids)

    def of_tables(self, number):
        """Ids and gradients of a batch, a pair a table."""
        return list(zip(self.ids[number].chunk(self.tables), self.gradients[number].chunk(self.tables)))


class TorchTables:
    """nn.Embedding(sparse=True) and an optimizer, for one table or several."""

    RULES = {
        "sgd": lambda weights: torch.optim.SGD(weights, lr=LR),
        "adagrad": lambda weights: torch.optim.Adagrad(weights, lr=LR, eps=EPS),
        "adam": lambda weights: torch.optim.SparseAdam(weights, lr=LR, betas=(BETA1, BETA2), eps=EPS),
    }

    def __init__(self, rule, batches):
        self.rule, self.batches = rule, batches
        zeros = [torch.zeros(batches.rows, batches.dim) for _ in range(batches.tables)]
        self.weights = [torch.nn.Embedding.from_pretrained(table, freeze=False, sparse=True).weight for table in zeros]
        self.optimizer = self.RULES[rule](self.weights)

    def turn(self, numbers):
        return [self.step(number) for number in numbers]

    def step(self, number):
        tables = self.batches.of_tables(number)
        start = time.perf_counter()
        for weight, (ids, gradients) in zip(self.weights, tables):
            weight.grad = torch.ops.aten.embedding_sparse_backward(gradients, ids, len(weight), -1, False)
        self.optimizer.step()
        elapsed = time.perf_counter() - start
        self.optimizer.zero_grad()
        return elapsed

    def table(self, number):
        return self.weights[number].detach()


class FbgemmTables:
    """Tables whose backward pass is the update. "bags" pools each id by itself, which other kernels do than those without pooling."""

    def __init__(self, rule, batches, pooling):
        self.rule = "rowwise-adagrad" if rule == "counter-sgd" else rule
        self.batches = batches
        options = {"optimizer": Optim.EXACT_ROWWISE_ADAGRAD, "eps": EPS}
        if rule == "sgd":
            options = {"optimizer": Optim.EXACT_SGD}
        elif rule == "adagrad":
            options["optimizer"] = Optim.EXACT_ADAGRAD
        elif rule == "counter-sgd":
            # On a CPU every learning rate mode computes what row-wise Adagrad does (test/vectors/make_fbgemm.py): so that is the answer.
            counters = CounterBasedRegularizationDefinition(learning_rate_mode=LearningRateMode.COUNTER_SGD)
            options.update(weight_decay_mode=WeightDecayMode.COUNTER, counter_based_regularization=counters)
        self.tables = SplitTableBatchedEmbeddingBagsCodegen(
            [(batches.rows, batches.dim, EmbeddingLocation.HOST, ComputeDevice.CPU)] * batches.tables,
            pooling_mode=pooling,
            learning_rate=LR,
            bounds_check_mode=BoundsCheckMode.NONE,
            **options,
        )
        for weights in self.tables.split_embedding_weights():
            weights.zero_()
        self.offsets = torch.arange(batches.count + 1)
        self.pooled = pooling != PoolingMode.NONE

    def turn(self, numbers):
        outputs = [self.tables(self.batches.ids[number], self.offsets) for number in numbers]
        gradients = [self.gradients(number) for number in numbers]
        elapsed = []
        for output, gradient in zip(outputs, gradients):
            start = time.perf_counter()
            output.backward(gradient)
            elapsed.append(time.perf_counter() - start)
        return elapsed

    def gradients(self, number):
        """Pooled vectors of several tables lie side by side."""
        parts = self.batches.gradients[number].chunk(self.batches.tables)
        return torch.cat(parts, 1) if self.pooled and len(parts) > 1 else self.batches.gradients[number]

    def table(self, number):
        return self.tables.split_embedding_weights()[number].detach()


class Reading:
    """Lookup and pooling: a function of ids to vectors."""

    def __init__(self, name, batches):
        self.batches = batches
        self.weights = torch.rand(batches.rows, batches.dim)
        count = batches.count
        self.bags = torch.arange(0, count, BAG)
        out = torch.empty(count, batches.dim)
        self.read = {
            "pytorch lookup": lambda ids: torch.nn.functional.embedding(ids, self.weights),
            "pytorch lookup, out": lambda ids: torch.index_select(self.weights, 0, ids, out=out),
            "pytorch pool": lambda ids: torch.nn.functional.embedding_bag(ids, self.weights, self.bags, mode="sum"),
        }.get(name) or self.fbgemm(name)
        self.pools = "pool" in name

    def fbgemm(self, name):
        mode = PoolingMode.SUM if "pool" in name or "bags" in name else PoolingMode.NONE
        spec = (self.batches.rows, self.batches.dim, EmbeddingLocation.HOST, ComputeDevice.CPU)
        table = SplitTableBatchedEmbeddingBagsCodegen([spec], pooling_mode=mode, bounds_check_mode=BoundsCheckMode.NONE)
        table.split_embedding_weights()[0].copy_(self.weights)
        offsets = torch.arange(0, self.batches.count + 1, BAG if "pool" in name else 1)
        return lambda ids: table(ids, offsets)

    def check(self):
        ids = self.batches.ids[0]
        expected = self.weights.numpy()[ids.numpy()]
        if self.pools:
            expected = expected.reshape(-1, BAG, self.batches.dim).sum(1)
        agree(expected, self.read(ids).numpy())

    def turn(self, numbers):
        return [self.step(number) for number in numbers]

    def step(self, number):
        start = time.perf_counter()
        self.read(self.batches.ids[number])
        return time.perf_counter() - start


def agree(expected, found):
    worst = np.abs(expected - found).max()
    assert worst < 1e-3, f"differs from the plain loop by {worst}"


def check_update(contestant):
    """Two steps, beside a plain loop's."""
    batches = contestant.batches
    plain = [NumpyTable(contestant.rule, batches.rows, batches.dim) for _ in range(batches.tables)]
    for number in range(min(2, len(batches))):
        contestant.turn([number])
        for table, (ids, gradients) in zip(plain, batches.of_tables(number)):
            table.step(ids.numpy(), gradients.numpy())
    for number, table in enumerate(plain):
        agree(table.weights, contestant.table(number).numpy())


def make(name, batches):
    """A contestant whose answer is right."""
    library, what = name.split(" ", 1)
    if what.startswith(("lookup", "pool")):
        reading = Reading(name, batches)
        with torch.no_grad():
            reading.check()
        return reading
    rule = what.removesuffix(", bags")
    if library == "pytorch":
        contestant = TorchTables(rule, batches)
    else:
        contestant = FbgemmTables(rule, batches, PoolingMode.SUM if what.endswith(", bags") else PoolingMode.NONE)
    check_update(contestant)
    return contestant


def serve(folder, answers):
    workloads, contestants, next_batch = {}, {}, {}
    for line in sys.stdin:
        request = json.loads(line)
        if request.get("close"):
            for kept in (workloads, contestants, next_batch):
                kept.clear()
            print('{"micros": []}', file=answers, flush=True)
            continue
        try:
            torch.set_num_threads(request["threads"])
            workload = request["workload"]
            if workload not in workloads:
                workloads[workload] = Batches(folder, request)
            batches = workloads[workload]
            key = (workload, request["contestant"])
            if key not in contestants:
                contestants[key] = make(request["contestant"], batches)
            first = next_batch.get(key, 0)
            next_batch[key] = first + request["steps"]
            numbers = [number % len(batches) for number in range(first, first + request["steps"])]
            with torch.set_grad_enabled(isinstance(contestants[key], FbgemmTables)):
                seconds = contestants[key].turn(numbers)
            answer = {"micros": [second * 1e6 for second in seconds]}
        except Exception as error:  # The suite shows it and goes on without this contestant.
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    # Libraries may print; answers have the real standard output to themselves.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(sys.argv[1], answers)
