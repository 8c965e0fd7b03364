/**
 * A factorization machine, and DeepFM, as plain loops over the oracle's tables: every rounding as `docs/models.md` has it, slow on purpose.
 */
import type { DeepFMOptions, Examples } from "../../models.js";
import { at } from "./at.js";
import { type Cells, cellsOf, type Fields, rowsOf, type Value } from "./machine-values.js";
import { exp } from "./msun.js";
import { OracleTable } from "./oracle-table.js";
import { dot, lanes } from "./sums.js";

const { fround } = Math;
const BLOCK = 64;
const MOST_SPANS = 64;

/** Options that the oracle knows: all that decide bits, with fields as objects and without a vocabulary. */
export type OracleOptions = Omit<DeepFMOptions, "fields" | "vocabulary" | "backend" | "threads"> & { fields: Fields };

/** What an example's values come to. */
interface Forward {
  /** The sum of vectors, each times its factor. */
  readonly sum: Float32Array;
  /** What each layer is given, and behind that what the last one gives. */
  readonly values: Float32Array[];
  readonly raw: number;
}

/** Gradients by a batch's occurrences. */
interface Gradients {
  readonly rows: number[];
  readonly vectors: number[];
  readonly biases: number[];
}

export class OracleMachine {
  readonly vectors: OracleTable;
  readonly biases: OracleTable;
  readonly layers: readonly OracleTable[];
  intercept: number;

  readonly #options: OracleOptions;
  readonly #dim: number;
  readonly #logistic: boolean;
  readonly #widths: readonly number[];

  constructor(options: OracleOptions) {
    const { fields, dim = 16, seed = 0, hidden = [], layerRate = 0.001, loss = "logistic" } = options;
    this.#options = options;
    this.#dim = dim;
    this.#logistic = loss === "logistic";
    this.intercept = options.intercept ?? Number.NaN;
    const { schedule, dtype, rounding, init = { type: "normal", scale: 0.01 } } = options;
    const rule = this.#logistic ? ({ type: "tallygrad", lr: 0.06, floor: 0.5 } as const) : undefined;
    const optimizer = options.optimizer ?? rule ?? { type: "tallygrad" as const };
    const same = { rows: rowsOf(fields), seed, optimizer, ...(schedule && { schedule }) };
    const stored = { ...(dtype && { dtype }), ...(rounding && { rounding }) };
    this.vectors = new OracleTable({ ...same, ...stored, dim, init });
    this.biases = new OracleTable({ ...same, dim: 1, init: { type: "zeros" } });
    this.#widths = [Object.keys(fields).length * dim, ...hidden, ...(hidden.length > 0 ? [1] : [])];
    this.layers = this.#widths.slice(1).map((units, layer) => {
      return firstLayer(at(this.#widths, layer), units, seed + 1 + layer, layerRate);
    });
  }

  predict(columns: Examples["columns"]): Float32Array {
    return Float32Array.from(cellsOf(this.#options.fields, columns), (cells) => {
      const { raw } = this.#forward(cells);
      return this.#logistic ? probability(raw) : raw;
    });
  }

  /** One step; gives the summed loss before it. */
  step({ columns, labels, weights }: Examples): number {
    if (Number.isNaN(this.intercept))
      this.intercept = this.#firstIntercept({ columns, labels, ...(weights && { weights }) });
    const batch = cellsOf(this.#options.fields, columns);
    const gradients: Gradients = { rows: [], vectors: [], biases: [] };
    const spans = spansOf(batch.length).map(({ start, end }) => {
      const ofLayers = this.layers.map((layer) => new Float32Array(layer.rows * layer.dim));
      let loss = 0;
      for (let example = start; example < end; example += 1) {
        const truth = { label: at(labels, example), weight: weights?.[example] ?? 1 };
        loss += this.#learn(at(batch, example), truth, gradients, ofLayers);
      }
      return { loss, ofLayers };
    });
    const ids = Uint32Array.from(gradients.rows);
    this.vectors.update(ids, Float32Array.from(gradients.vectors));
    this.biases.update(ids, Float32Array.from(gradients.biases));
    this.layers.forEach((layer, number) => {
      const sum = at(at(spans, 0).ofLayers, number);
      for (const { ofLayers } of spans.slice(1)) addTo(sum, 1, at(ofLayers, number));
      layer.update(everyRow(layer), sum, { scale: 1 / batch.length });
    });
    return spans.reduce((sum, { loss }) => sum + loss, 0);
  }

  #firstIntercept({ labels, weights }: Examples): number {
    const weightOf = (example: number): number => weights?.[example] ?? 1;
    const sums = { all: 0, positive: 0 };
    Array.from(labels).forEach((label, example) => {
      sums.all += weightOf(example);
      sums.positive += weightOf(example) * fround(label);
    });
    if (!this.#logistic) return sums.positive / sums.all;
    return Math.log(Math.max(sums.positive, 0.5) / Math.max(sums.all - sums.positive, 0.5));
  }

  #forward(cells: Cells): Forward {
    const [sum, squares] = [new Float32Array(this.#dim), new Float32Array(this.#dim)];
    let linear = this.intercept;
    for (const { row, factor } of cells.flat()) {
      linear += factor * at(this.biases.lookup([row]), 0);
      this.vectors.lookup([row]).forEach((v, d) => {
        const u = fround(factor * v);
        sum[d] = fround(at(sum, d) + u);
        squares[d] = fround(at(squares, d) + fround(u * u));
      });
    }
    const differences = sum.map((s, d) => fround(fround(s * s) - at(squares, d)));
    const raw = linear + 0.5 * lanes(differences);
    if (this.layers.length === 0) return { sum, values: [], raw };
    const values = this.#throughNetwork(cells);
    return { sum, values, raw: raw + at(at(values, this.layers.length), 0) };
  }

  #throughNetwork(cells: Cells): Float32Array[] {
    const inputs = new Float32Array(at(this.#widths, 0));
    cells.forEach((cell, field) => {
      const input = inputs.subarray(field * this.#dim, (field + 1) * this.#dim);
      for (const { row, factor } of cell) addTo(input, factor, this.vectors.lookup([row]));
    });
    const values = [inputs];
    for (const [number, layer] of this.layers.entries()) {
      const given = at(values, number);
      const gives = Array.from({ length: layer.rows }, (_, unit) => {
        const [row, width] = [layer.lookup([unit]), given.length];
        const sum = fround(dot(row.subarray(0, width), given) + at(row, width));
        return number === this.layers.length - 1 || sum > 0 ? sum : 0;
      });
      values.push(Float32Array.from(gives));
    }
    return values;
  }

  /** Adds an example's gradients to all; gives its loss. */
  #learn(
    cells: Cells,
    truth: { label: number; weight: number },
    gradients: Gradients,
    ofLayers: Float32Array[],
  ): number {
    const { sum, values, raw } = this.#forward(cells);
    const label = fround(truth.label);
    const slope = this.#logistic ? probability(raw) - label : raw - label;
    const delta = fround(truth.weight * slope);
    const byInput = this.layers.length === 0 ? undefined : this.#backThroughNetwork(values, delta, ofLayers);
    cells.forEach((cell, field) => {
      const h = byInput?.subarray(field * this.#dim, (field + 1) * this.#dim);
      for (const value of cell) this.#gradientsOf(value, { delta, sum, h }, gradients);
    });
    if (!this.#logistic) return (truth.weight * (raw - label) ** 2) / 2;
    return truth.weight * (Math.log1p(exp(-Math.abs(raw))) + (Math.max(raw, 0) - label * raw));
  }

  #gradientsOf(
    { row, factor }: Value,
    { delta, sum, h }: { delta: number; sum: Float32Array; h: Float32Array | undefined },
    { rows, biases, vectors }: Gradients,
  ): void {
    rows.push(row);
    biases.push(fround(delta * factor));
    this.vectors.lookup([row]).forEach((v, d) => {
      const pairs = fround(delta * fround(at(sum, d) - fround(factor * v)));
      vectors.push(fround(factor * (h === undefined ? pairs : fround(pairs + at(h, d)))));
    });
  }

  /** Adds the gradients of the layers' weights to `ofLayers`; gives the derivatives by the network's input. */
  #backThroughNetwork(values: readonly Float32Array[], delta: number, ofLayers: readonly Float32Array[]): Float32Array {
    let slopes: Float32Array = Float32Array.of(delta);
    for (let number = this.layers.length - 1; number >= 0; number -= 1) {
      const [layer, inputs, gradients] = [at(this.layers, number), at(values, number), at(ofLayers, number)];
      const byInput = new Float32Array(inputs.length);
      slopes.forEach((slope, unit) => {
        if (slope === 0) return;
        const gradient = gradients.subarray(unit * layer.dim, (unit + 1) * layer.dim);
        addTo(gradient.subarray(0, inputs.length), slope, inputs);
        gradient[inputs.length] = fround(at(gradient, inputs.length) + slope);
        addTo(byInput, slope, layer.lookup([unit]).subarray(0, inputs.length));
      });
      slopes = number === 0 ? byInput : byInput.map((slope, unit) => (at(inputs, unit) <= 0 ? 0 : slope));
    }
    return slopes;
  }
}

/** A layer as it begins: normal weights as He et al. (2015) have them, biases of 0. */
function firstLayer(inputs: number, units: number, seed: number, lr: number): OracleTable {
  const optimizer = { type: "adam", lr, scope: "all" } as const;
  const init = { type: "normal", scale: Math.sqrt(2 / inputs) } as const;
  const layer = new OracleTable({ rows: units, dim: inputs + 1, optimizer, init, seed: seed % 2 ** 53 });
  const weights = layer.lookup(everyRow(layer)).map((weight, place) => (place % (inputs + 1) === inputs ? 0 : weight));
  layer.setRows(everyRow(layer), weights);
  return layer;
}

function everyRow({ rows }: OracleTable): Uint32Array {
  return Uint32Array.from({ length: rows }, (_, row) => row);
}

/** sum += factor * row, rounded twice. */
function addTo(sum: Float32Array, factor: number, row: Float32Array): void {
  row.forEach((element, d) => {
    sum[d] = fround(at(sum, d) + fround(factor * element));
  });
}

function probability(raw: number): number {
  const e = exp(-Math.abs(raw));
  return raw >= 0 ? 1 / (1 + e) : e / (1 + e);
}

/** The parts of a batch whose sums are made by themselves. */
function spansOf(examples: number): { start: number; end: number }[] {
  const blocks = Math.ceil(examples / BLOCK);
  const count = Math.min(blocks, MOST_SPANS);
  const startOf = (span: number): number => Math.min(Math.floor((span * blocks) / count) * BLOCK, examples);
  return Array.from({ length: count }, (_, span) => ({ start: startOf(span), end: startOf(span + 1) }));
}
