"""
Writes fbgemm-transcribed.json: FBGEMM's rules that have no CPU kernel, transcribed from its GPU kernels into NumPy. FBGEMM itself did
not run. The kernels are in fbgemm_gpu/codegen/genscript/optimizers.py of FBGEMM 1.4.2.
"""

from pathlib import Path

import numpy as np

from common import data, write


def run(dtype, initial, batches, step):
    """The table after each step. `step` gets the number of the step, a row, its weights and its summed gradient."""
    table, after = initial.astype(dtype), []
    for number, batch in enumerate(batches, 1):
        gradients = batch["gradients"].astype(dtype)
        for row in sorted(set(batch["ids"])):
            total = sum((g for id, g in zip(batch["ids"], gradients) if id == row), np.zeros(table.shape[1], dtype))
            table[row] = step(number, row, table[row], total)
        after.append(table.copy())
    return after


def counter_sgd(dtype, rows, dim, lr, eps, bound, half_life):
    """rowwise_adagrad_with_counter with learning_rate_mode = 2, no weight decay and tail_id_threshold = 0."""
    lr, eps, bound = dtype(lr), dtype(eps), dtype(bound)
    counter, previous = np.zeros(rows, dtype), np.zeros(rows, dtype)

    def step(number, row, weights, gradient):
        if half_life > 0:
            delta = 1 if previous[row] == 0 else number - previous[row]
            counter[row] = 1 + np.exp(dtype(-delta * np.log(dtype(2)) / half_life)) * counter[row]
        else:
            counter[row] += 1
        previous[row] = number
        return weights - lr / (np.sqrt(bound * counter[row]) + eps) * gradient

    return step


def partial_rowwise_adam(dtype, rows, dim, lr, beta1, beta2, eps, rate):
    lr, beta1, beta2, eps, rate = map(dtype, (lr, beta1, beta2, eps, rate))
    first, second = np.zeros((rows, dim), dtype), np.zeros(rows, dtype)

    def step(number, row, weights, gradient):
        second[row] = np.mean(gradient * gradient) * (1 - beta2) + second[row] * beta2
        corrected = second[row] / (1 - beta2**number)
        first[row] = first[row] * beta1 + (1 - beta1) * gradient
        return weights - lr * (first[row] / (1 - beta1**number) / (np.sqrt(corrected) + eps) + rate * weights)

    return step


def training(name, seed, rows, dim, steps, source, options, make, *arguments, note=None):
    initial, batches = data(seed, rows, dim, steps)
    case = {
        "name": name,
        "kind": "training",
        "source": f"transcribed from FBGEMM 1.4.2, {source}; FBGEMM did not run",
        "transcribed": True,
        **({"note": note} if note else {}),
        "rows": rows,
        "dim": dim,
        "options": options,
        "dense": False,
        "initial": initial,
        "batches": batches,
        "weights": run(np.float32, initial, batches, make(np.float32, rows, dim, *arguments)),
        "weights64": run(np.float64, initial, batches, make(np.float64, rows, dim, *arguments))[-1],
    }
    error = np.abs(case["weights"][-1] - case["weights64"]).max()
    assert error < 2e-5, (name, error)
    return case


def counted(name, seed, rows, dim, steps, lr, bound, half_life=-1, eps=1e-8):
    tally = {"unit": "batch", **({"halfLife": half_life} if half_life > 0 else {})}
    options = {"optimizer": {"type": "cf-sgd", "lr": lr / bound**0.5}, "tally": tally}
    note = f"learning_rate {lr}, adjustment_ub {bound}: lr / (sqrt({bound} c) + {eps}), which is cf-sgd but for the eps"
    return training(name, seed, rows, dim, steps, "EXACT_ROWWISE_ADAGRAD with LearningRateMode.COUNTER_SGD", options,
                    counter_sgd, lr, eps, bound, half_life, note=note)


def adam(name, seed, rows, dim, steps, lr, beta1, beta2, eps, rate=0):
    rule = {"type": "rowwise-adam", "lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps, "scope": "touched"}
    decay = {"weightDecay": {"rate": rate, "type": "decoupled", "scope": "touched"}} if rate else {}
    return training(name, seed, rows, dim, steps, "PARTIAL_ROWWISE_ADAM", {"optimizer": rule, **decay},
                    partial_rowwise_adam, lr, beta1, beta2, eps, rate)


cases = [
    counted("counter-sgd", 1, 9, 4, 8, 0.1, 1.0),
    counted("counter-sgd-bound", 2, 8, 8, 7, 0.2, 4.0),
    counted("counter-sgd-half-life", 3, 7, 4, 8, 0.1, 1.0, 3),
    adam("partial-rowwise-adam", 4, 10, 4, 8, 0.02, 0.9, 0.999, 1e-8),
    adam("partial-rowwise-adam-large-eps", 5, 8, 8, 7, 0.05, 0.8, 0.95, 0.1),
    adam("partial-rowwise-adam-decoupled", 6, 9, 4, 7, 0.05, 0.9, 0.99, 1e-6, 0.2),
]
if __name__ == "__main__":
    write(Path(__file__).with_name("fbgemm-transcribed.json"), cases)
