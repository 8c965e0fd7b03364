"""Makes the files of this folder with the tools whose formats they have. `expected.json` holds what is in them, as these tools read it."""

import json
import os
from pathlib import Path

import gensim
import numpy
import safetensors
import safetensors.numpy
from gensim.models import KeyedVectors
from safetensors import TensorSpec

here = Path(__file__).parent
random = numpy.random.default_rng(7)
rows, dim = 6, 5
weights = random.normal(size=(rows, dim)).astype("<f4")
# Zeros of both signs, integers, the ends of the range, subnormal numbers.
weights[1] = [0, -0.0, 1, -2, 1e6]
weights[2] = [3.4028234663852886e38, 1.17549435e-38, 1e-45, -7e-42, 16777217]
keys = ["the", "über", "キー", "1.5", "don't", "\ufeffx"]
half = random.normal(size=(rows, dim)).astype("<f2")
half[1] = [0, -0.0, 6e-8, -6.1e-5, 65504]
double = random.normal(size=(rows, dim)).astype("<f8")
brain = (random.normal(size=(rows, dim)).astype("<f4").view("<u4") >> 16).astype("<u2")


def numbers(array):
    return [str(number) for number in array.astype("<f4").reshape(-1)]


numpy.save(here / "f4.npy", weights)
numpy.save(here / "f2.npy", half)
numpy.save(here / "f8.npy", double)
for version in (2, 3):
    with open(here / f"version-{version}.npy", "wb") as file:
        numpy.lib.format.write_array(file, weights, version=(version, 0))
numpy.save(here / "fortran.npy", numpy.asfortranarray(weights))
numpy.save(here / "big-endian.npy", weights.astype(">f4"))
numpy.save(here / "one-dimension.npy", weights[0])
numpy.save(here / "structured.npy", numpy.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")]))



def tensor(dtype, array):
    """NumPy has no bfloat16, so its bits are handed over."""
    return TensorSpec(dtype=dtype, shape=array.shape, data_ptr=array.ctypes.data, data_len=array.nbytes)


safetensors.numpy.save_file(
    # Its order of tensors is its own.
    {"embedding.weight": weights, "head.weight": half, "head.bias": weights[0], "steps": numpy.array([3])},
    here / "model.safetensors",
    metadata={"format": "pt"},
)
safetensors.numpy.save_file({"weight": weights}, here / "f32.safetensors")
safetensors.numpy.save_file({"weight": half}, here / "f16.safetensors")
bias = weights[0].copy()
safetensors.serialize_file(
    {"weight": tensor("bfloat16", brain), "bias": tensor("float32", bias)},
    here / "bf16.safetensors",
)

vectors = KeyedVectors(dim)
vectors.add_vectors(keys, weights)
vectors.save_word2vec_format(here / "word2vec.txt", binary=False)
vectors.save_word2vec_format(here / "word2vec.bin", binary=True)
vectors.save_word2vec_format(here / "glove.txt", binary=False, write_header=False)

brain_wide = (brain.astype("<u4") << 16).view("<f4")
expected = {
    "made by": f"numpy {numpy.__version__}, safetensors {safetensors.__version__}, gensim {gensim.__version__}",
    **{"rows": rows, "dim": dim, "keys": vectors.index_to_key},
    **{"f4": numbers(weights), "f2": numbers(half), "f8": numbers(double), "bf16": numbers(brain_wide)},
}
(here / "expected.json").write_text(json.dumps(expected, ensure_ascii=True, indent=1) + os.linesep)
