/** Vocabularies as users see them: checks arguments, calls the kernel, keeps its tables in step with it. */

import type { Vocabulary as Contract, EmbeddingTable, VocabularyBackend, VocabularyOptions } from "../index.d.ts";
import { checkedId, usable } from "./arguments.js";
import { type Chosen, chooseKernel } from "./backend.js";
import { becoming, type Description, type Loading, partsIn, type Saving } from "./checkpoint.js";
import { attempt, EmbeddingTable as Table, toChange } from "./embedding-table.js";
import { coded, shown } from "./errors.js";
import type { KernelTable, KernelVocabulary, VocabularyGiven } from "./kernel.js";
import { type Key, packed, unpacked } from "./keys.js";
import { integer, MOST_ROWS } from "./options.js";
import { vocabularyArguments } from "./vocabulary-options.js";

/** What a vocabulary holds. In place of options it makes a vocabulary around what is there already. */
class Interior {
  constructor(
    readonly kernel: KernelVocabulary,
    readonly given: VocabularyGiven,
    readonly backend: VocabularyBackend,
    readonly tables: readonly EmbeddingTable[],
  ) {}
}

/** A vocabulary as a member of a checkpoint, in which its tables have these names. */
export let savingVocabulary: (vocabulary: Vocabulary, tables: readonly string[]) => Saving;
/** The tables that go along with a vocabulary. */
export let tablesOf: (vocabulary: Vocabulary) => readonly EmbeddingTable[];
/** Makes a vocabulary what a clone of it is, which is disposed of. */
export let becomeVocabulary: (vocabulary: Vocabulary, clone: Vocabulary) => void;
/** Has tables go along with a vocabulary. */
export let bind: (vocabulary: Vocabulary, tables: readonly EmbeddingTable[]) => void;

/** See index.d.ts. */
export class Vocabulary implements Contract {
  #capacity: number;
  readonly #given: VocabularyGiven;
  readonly #backend: VocabularyBackend;
  #tables: readonly EmbeddingTable[];
  #kernel: KernelVocabulary | undefined;
  /** Files that it is being saved to. */
  #saves = 0;

  constructor(options: VocabularyOptions) {
    const interior = options instanceof Interior ? options : create(options);
    this.#capacity = interior.given.capacity;
    this.#given = interior.given;
    this.#backend = interior.backend;
    this.#tables = interior.tables;
    this.#kernel = interior.kernel;
  }

  get capacity(): number {
    return this.#capacity;
  }

  get backend(): VocabularyBackend {
    return this.#backend;
  }

  get size(): number {
    return this.#open().size;
  }

  get step(): number {
    return this.#open().step;
  }

  get memory(): number {
    return this.#open().memory;
  }

  rows(keys: readonly Key[], out?: Uint32Array): Uint32Array {
    const kernel = this.#openToChange();
    // What is done to tables afterwards must not be refused then.
    const tables = this.#given.eviction === "none" ? [] : this.#tables.map((table) => toChange(table as Table));
    const { bytes, ends } = packed(keys);
    const rows = target(out, ends.length);
    attempt(() => kernel.rows(bytes, ends, rows));
    if (tables.length > 0) resetReused(kernel, tables);
    return out ?? rows;
  }

  lookup(keys: readonly Key[], out?: Uint32Array): Uint32Array {
    const kernel = this.#open();
    const { bytes, ends } = packed(keys);
    const rows = target(out, ends.length);
    attempt(() => kernel.lookup(bytes, ends, rows));
    return out ?? rows;
  }

  key(row: number): Key | undefined {
    const kernel = this.#open();
    const bytes = attempt(() => kernel.key(checkedId("row", row, this.#capacity)));
    return bytes === undefined || bytes === null ? undefined : unpacked(bytes);
  }

  grow(capacity: number): void {
    const kernel = this.#openToChange();
    integer("capacity", capacity, this.#capacity, MOST_ROWS);
    const tables = this.#tables.map((table) => {
      toChange(table as Table);
      return table;
    });
    // Tables first: one that cannot grow leaves the vocabulary as it was.
    for (const table of tables) if (table.rows < capacity) table.grow(capacity);
    attempt(() => kernel.grow(capacity));
    this.#capacity = capacity;
  }

  fingerprint(): string {
    const kernel = this.#open();
    return attempt(() => kernel.fingerprint());
  }

  clone(): Vocabulary {
    const kernel = this.#open();
    const copy = attempt(() => kernel.copy());
    return around(new Interior(copy, this.#described(), this.#backend, []));
  }

  dispose(): void {
    this.#kernel?.dispose();
    this.#kernel = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  static {
    savingVocabulary = (vocabulary, tables) => ({
      description: {
        kind: "vocabulary",
        ...vocabulary.#described(),
        progress: attempt(() => vocabulary.#open().progress()),
        tables,
      },
      parts: () => attempt(() => vocabulary.#open().parts()),
      readPart: (part, first, out) => attempt(() => vocabulary.#open().readPart(part, first, out)),
      hold: () => {
        vocabulary.#saves++;
        return () => vocabulary.#saves--;
      },
    });
    becomeVocabulary = (vocabulary, clone) => {
      const kernel = clone.#open();
      vocabulary.#openToChange().dispose();
      [vocabulary.#kernel, vocabulary.#capacity] = [kernel, clone.#capacity];
      clone.#kernel = undefined;
    };
    tablesOf = (vocabulary) => vocabulary.#tables;
    bind = (vocabulary, tables) => {
      vocabulary.#tables = tables;
    };
  }

  #described(): VocabularyGiven {
    return { ...this.#given, capacity: this.#capacity };
  }

  #open(): KernelVocabulary {
    if (this.#kernel === undefined) throw coded("ERR_DISPOSED", "the vocabulary has been disposed");
    return this.#kernel;
  }

  #openToChange(): KernelVocabulary {
    if (this.#saves > 0) {
      throw coded("ERR_SAVING", "the vocabulary is being saved and cannot change meanwhile: await saveAll()");
    }
    return this.#open();
  }
}

/** Makes rows new that other keys have from now on. */
function resetReused(kernel: KernelVocabulary, tables: readonly KernelTable[]): void {
  const reused = attempt(() => kernel.reused());
  if (reused.length === 0) return;
  for (const table of tables) attempt(() => table.resetRows(reused, false));
}

function create(options: VocabularyOptions): Interior {
  const given = vocabularyArguments(options);
  const tables = checkedTables(options.tables ?? [], given.capacity);
  const chosen = chooseKernel(options.backend);
  return new Interior(
    attempt(() => chosen.kernel.createVocabulary(given)),
    given,
    backendOf(chosen),
    tables,
  );
}

function checkedTables(tables: readonly EmbeddingTable[], capacity: number): readonly EmbeddingTable[] {
  if (!Array.isArray(tables)) throw coded("ERR_WRONG_CLASS", `tables must be an array, but is ${shown(tables)}`);
  for (const [position, table] of tables.entries()) {
    if (!(table instanceof Table)) {
      throw coded("ERR_WRONG_CLASS", `tables[${position}] must be an EmbeddingTable, but is ${shown(table)}`);
    }
    if (table.rows !== capacity) {
      throw coded(
        "ERR_OPTION_VALUE",
        `tables[${position}] must have capacity = ${capacity} rows, but has ${table.rows}`,
      );
    }
  }
  return [...tables];
}

function backendOf({ kernel, reason }: Chosen): VocabularyBackend {
  return Object.freeze({ kind: kernel.kind, reason });
}

function around(interior: Interior): Vocabulary {
  return new Vocabulary(interior as unknown as VocabularyOptions);
}

/** A vocabulary on its way out of a checkpoint. */
export function loadingVocabulary(description: Description, backend: unknown): Loading<Vocabulary> {
  const chosen = chooseKernel(backend);
  const { kind: _, progress, tables: __, ...saved } = description;
  const given = checkedGiven(saved);
  if (!Array.isArray(progress) || progress.length !== 7) {
    throw coded("ERR_FILE_FORMAT", `progress must be seven numbers, but is ${shown(progress)}`);
  }
  const numbers = progress.map((number, position) =>
    integer(`progress[${position}]`, number, 0, Number.MAX_SAFE_INTEGER),
  );
  const open = () => attempt(() => chosen.kernel.restoreVocabulary(given, numbers));
  // It takes no memory before its parts come, and so can say what they are.
  const outline = open();
  const parts = partsIn(outline.parts());
  outline.dispose();
  return becoming({ parts, open }, (kernel) => around(new Interior(kernel, given, backendOf(chosen), [])));
}

/** Options as they were saved, which nobody vouches for: those that a vocabulary can have. */
function checkedGiven(saved: Record<string, unknown>): VocabularyGiven {
  const { capacity, admission, least, size, probability, eviction, amount, seed } = saved;
  const admissions: Record<string, object> = {
    all: {},
    count: { admission: { type: "count", least, candidates: size } },
    bloom: { admission: { type: "bloom", least, counters: size } },
    probability: { admission: { type: "probability", probability } },
  };
  const evictions: Record<string, object> = {
    none: {},
    "least-frequent": { eviction: { type: eviction } },
    "least-recent": { eviction: { type: eviction } },
    score: { eviction: { type: eviction, exponent: amount } },
    "time-to-live": { eviction: { type: eviction, steps: amount } },
  };
  const [admitting, evicting] = [admissions[String(admission)], evictions[String(eviction)]];
  if (admitting === undefined || evicting === undefined) {
    throw coded("ERR_FILE_FORMAT", `there is no admission ${shown(admission)} with eviction ${shown(eviction)}`);
  }
  return vocabularyArguments({ capacity, seed, ...admitting, ...evicting } as unknown as VocabularyOptions);
}

/** Where rows are written: the start of `out`, or a new array. */
function target(out: Uint32Array | undefined, length: number): Uint32Array {
  if (out === undefined) return new Uint32Array(length);
  const given = usable("out", out, "Uint32Array");
  if (given.length < length) {
    throw coded("ERR_WRONG_LENGTH", `out must have at least ${length} elements, but has ${given.length}`);
  }
  return given.length === length ? given : given.subarray(0, length);
}
