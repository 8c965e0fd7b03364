/**
 * What a model does to rare and to frequent rows. Rows fall into buckets by how often they occur in the training examples; each
 * occurrence of a row in the test examples then counts once in its row's bucket, with the loss of its example and the
 * mean square of the gradient that its vector would get.
 */
import { at } from "./at.js";
import { countOccurrences, type Dataset } from "./dataset.js";
import { batches, type FactorizationMachine } from "./factorization-machine.js";
import { logisticLoss } from "./metrics.js";

export type BucketName = "tail" | "middle" | "head";

/** From tail to head: a row belongs to the last bucket whose least count it reaches. */
export const bucketLimits: readonly { readonly bucket: BucketName; readonly least: number; readonly words: string }[] =
  [
    { bucket: "tail", least: 0, words: "fewer than 10" },
    { bucket: "middle", least: 10, words: "10 to 999" },
    { bucket: "head", least: 1000, words: "1,000 or more" },
  ];

export interface BucketLoss {
  readonly bucket: BucketName;
  /** Rows whose training count lies in the bucket, rows that never occurred included. */
  readonly rows: number;
  /** Test occurrences of these rows. */
  readonly occurrences: number;
  /** Mean over these occurrences of their example's loss; null if there are none. */
  readonly logLoss: number | null;
}

export interface Bucket extends BucketLoss {
  /** Mean over these occurrences, and over the vector's elements, of the squared gradient; null if there are none. */
  readonly meanSquaredGradient: number | null;
}

/** The buckets of a model, from its loss and gradients on the test examples. Nothing is trained. */
export function measureBuckets(model: FactorizationMachine, data: Dataset): Bucket[] {
  const squares = measureSquaredGradients(model, data);
  return measureBucketLosses(data, model.predict(data.test)).map((loss, index) => ({
    ...loss,
    meanSquaredGradient: loss.occurrences > 0 ? at(squares, index) / loss.occurrences : null,
  }));
}

/** The buckets' losses of any predictions of the test examples. */
export function measureBucketLosses(data: Dataset, logits: Float64Array): BucketLoss[] {
  const bucketOfRow = assignBuckets(data);
  const sums = bucketLimits.map(({ bucket }) => ({ bucket, rows: 0, occurrences: 0, loss: 0 }));
  for (const bucket of bucketOfRow) at(sums, bucket).rows++;
  data.test.ids.forEach((id, occurrence) => {
    const example = Math.floor(occurrence / data.fields);
    const sum = at(sums, at(bucketOfRow, id));
    sum.occurrences++;
    sum.loss += logisticLoss(at(logits, example), at(data.test.labels, example));
  });
  return sums.map(({ loss, ...rest }) => ({ ...rest, logLoss: rest.occurrences > 0 ? loss / rest.occurrences : null }));
}

/** For each bucket the sum over test occurrences of the mean square of their vectors' gradients. */
function measureSquaredGradients(model: FactorizationMachine, data: Dataset): Float64Array {
  const { dim } = model.shape;
  const bucketOfRow = assignBuckets(data);
  const sums = new Float64Array(bucketLimits.length);
  for (const [batch] of batches(data.test, data.fields, model.shape.batch)) {
    const gradients = model.gradients(batch).vectors;
    batch.ids.forEach((id, occurrence) => {
      const bucket = at(bucketOfRow, id);
      let square = 0;
      for (let element = occurrence * dim; element < (occurrence + 1) * dim; element++) {
        square += at(gradients, element) ** 2;
      }
      sums[bucket] = at(sums, bucket) + square / dim;
    });
  }
  return sums;
}

/** For each row the index of its bucket in `bucketLimits`. */
function assignBuckets(data: Dataset): Uint8Array {
  const counts = countOccurrences(data.train, data.rows);
  return Uint8Array.from(counts, (count) => bucketLimits.findLastIndex(({ least }) => count >= least));
}
