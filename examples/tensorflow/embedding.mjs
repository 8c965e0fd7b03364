// An embedding layer for TensorFlow.js whose rows live in a tallygrad table: copy this file into your project. TensorFlow.js sees only
// the vectors that a batch looks up, so a step costs in proportion to the batch, however many rows the table has.

import * as tf from "@tensorflow/tfjs";

/**
 * One step of table and model: looks the vectors up, differentiates the loss by them and by the model's variables, and updates both.
 *
 * @param {import("tallygrad").EmbeddingTable} table
 * @param {Uint32Array | Int32Array} ids The rows that the batch needs, in any order; most models need several an example.
 * @param {number} examples How many examples the loss is the mean of.
 * @param {(vectors: tf.Tensor2D) => tf.Scalar} meanLoss The model and its loss. `vectors` is `ids.length` x `table.dim`, in the order of
 *   `ids`.
 * @param {tf.Optimizer} optimizer Of every trainable variable that the loss depends on. The table has a rule of its own.
 * @returns {number} The loss before the step.
 */
export function trainStep(table, ids, examples, meanLoss, optimizer) {
  return tf.tidy(() => {
    const vectors = tf.variable(tf.tensor2d(table.lookup(ids), [ids.length, table.dim]));
    const { value, grads } = tf.variableGrads(() => meanLoss(vectors));
    const { [vectors.name]: gradient, ...modelGradients } = grads;

    // A table wants the gradient of a summed loss, and the sum over the batch is its mean times `examples`.
    table.update(ids, gradient.dataSync(), { scale: examples });
    optimizer.applyGradients(modelGradients);

    vectors.dispose(); // variables outlive tidy
    return value.dataSync()[0];
  });
}
