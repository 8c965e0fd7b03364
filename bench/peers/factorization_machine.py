"""Trains factorization machines of other libraries on the examples of a file, and prints what each reached: examples a second, and mean loss.

Usage: factorization_machine.py EXAMPLES.npy THREADS CONTESTANT. Examples are rows of uint32: user, film, label. A contestant is "sgd", "sparse-adam" or "lightfm".
"""

import sys
import time

import numpy as np

DIM, BATCH = 16, 1024


def torch_machine(examples, threads, kind):
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    rows = [int(examples[:, field].max()) + 1 for field in (0, 1)]
    vectors = [torch.nn.Embedding(count, DIM, sparse=True) for count in rows]
    biases = [torch.nn.Embedding(count, 1, sparse=True) for count in rows]
    for table in vectors:
        torch.nn.init.normal_(table.weight, std=0.01)
    for table in biases:
        torch.nn.init.zeros_(table.weight)
    parameters = [table.weight for table in vectors + biases]
    if kind == "sgd":
        optimizer = torch.optim.SGD(parameters, lr=0.02)
    else:
        optimizer = torch.optim.SparseAdam(parameters, lr=0.002)
    users, films = (torch.from_numpy(examples[:, field].astype(np.int64)) for field in (0, 1))
    labels = torch.from_numpy(examples[:, 2].astype(np.float32))
    rate = float(labels.mean())
    intercept = float(np.log(rate / (1 - rate)))
    total = 0.0
    start = time.perf_counter()
    for first in range(0, len(labels), BATCH):
        batch = slice(first, first + BATCH)
        u, f = users[batch], films[batch]
        products = (vectors[0](u) * vectors[1](f)).sum(1)
        logits = intercept + products + biases[0](u).squeeze(1) + biases[1](f).squeeze(1)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels[batch], reduction="sum")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total += float(loss.detach())
    return len(labels) / (time.perf_counter() - start), total / len(labels)


def lightfm_machine(examples, threads):
    from lightfm import LightFM
    from scipy.sparse import coo_matrix

    values = np.where(examples[:, 2] == 1, 1, -1).astype(np.float32)
    interactions = coo_matrix((values, (examples[:, 0].astype(np.int32), examples[:, 1].astype(np.int32))))
    model = LightFM(no_components=DIM, loss="logistic", random_state=1)
    start = time.perf_counter()
    model.fit(interactions, epochs=1, num_threads=threads)
    elapsed = time.perf_counter() - start
    scores = model.predict(interactions.row, interactions.col)
    return len(values) / elapsed, float(np.mean(np.log1p(np.exp(-values * scores))))


if __name__ == "__main__":
    examples, threads, kind = np.load(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    rate, loss = lightfm_machine(examples, threads) if kind == "lightfm" else torch_machine(examples, threads, kind)
    print(f"{rate:.0f} {loss:.5f}")
