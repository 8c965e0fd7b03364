// An embedding layer for jax-js whose rows live in a tallygrad table: copy this file into your project. jax-js sees only the vectors that
// a batch looks up, so a step costs in proportion to the batch, however many rows the table has.

import { numpy as np } from "@jax-js/jax";

/**
 * The rows' vectors, to be passed to a loss.
 *
 * @param {import("tallygrad").EmbeddingTable} table
 * @param {Uint32Array | Int32Array} ids The rows that the batch needs, in any order; most models need several an example.
 * @returns {np.Array} `ids.length` x `table.dim`, in the order of `ids`.
 */
export function lookup(table, ids) {
  return np.array(table.lookup(ids), { shape: [ids.length, table.dim] });
}

/**
 * One step of the table.
 *
 * @param {import("tallygrad").EmbeddingTable} table
 * @param {Uint32Array | Int32Array} ids What was looked up.
 * @param {np.Array} gradient Of a mean loss with respect to the vectors that `lookup` gave: `grad` or `valueAndGrad` make it. Consumed.
 * @param {number} examples How many examples the loss is the mean of.
 */
export async function update(table, ids, gradient, examples) {
  // A table wants the gradient of a summed loss, and the sum over the batch is its mean times `examples`.
  table.update(ids, await gradient.data(), { scale: examples });
}
