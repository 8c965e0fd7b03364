/** The factorization machine and DeepFM as users see them. */

import type { LoadOptions, Source } from "../../index.d.ts";
import type { DeepFMOptions, MachineOptions } from "../../models.d.ts";
import type { EmbeddingTable } from "./core.js";
import { Machine } from "./machine.js";
import { created } from "./new-machine.js";
import { loaded } from "./saved-machine.js";

/** See models.d.ts. */
export class FactorizationMachine extends Machine {
  constructor(options: MachineOptions) {
    super(options, () => created("factorization-machine", options));
  }

  static async load(source: Source, options: Omit<LoadOptions, "schedule"> = {}): Promise<FactorizationMachine> {
    const interior: unknown = await loaded("factorization-machine", source, options);
    return new FactorizationMachine(interior as MachineOptions);
  }
}

/** See models.d.ts. */
export class DeepFM extends Machine {
  constructor(options: DeepFMOptions) {
    super(options, () => created("deep-fm", options));
  }

  static async load(source: Source, options: Omit<LoadOptions, "schedule"> = {}): Promise<DeepFM> {
    const interior: unknown = await loaded("deep-fm", source, options);
    return new DeepFM(interior as DeepFMOptions);
  }

  get layers(): readonly EmbeddingTable[] {
    return this.networkLayers;
  }
}
