"""Trains gensim's skip-gram on sentences of a file, one a line, and prints words a second.

Usage: words.py SENTENCES.txt WORKERS EPOCHS.
"""

import sys
import time

from gensim.models import Word2Vec

if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        sentences = [line.split() for line in file]
    workers, epochs = int(sys.argv[2]), int(sys.argv[3])
    model = Word2Vec(vector_size=100, window=5, negative=5, min_count=5, sample=1e-3, sg=1, workers=workers, seed=1)
    model.build_vocab(sentences)
    start = time.perf_counter()
    model.train(sentences, total_examples=model.corpus_count, epochs=epochs)
    words = sum(len(sentence) for sentence in sentences) * epochs
    print(f"{words / (time.perf_counter() - start):.0f}")
