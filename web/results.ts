/** The table of learners, with the full fingerprints below it. */
import { element, make } from "./elements.js";
import type { LearnerSnapshot, Snapshot } from "./experiment.js";
import { writeCount } from "./prose.js";
import { type LearnerName, learnerNames } from "./run.js";

const rules: Readonly<Record<LearnerName, string>> = {
  sgd: "one rate for every row",
  "cf-sgd": "rate falls with the row’s count",
  tallygrad: "count and gradient size, at its defaults",
};

const digitsShown = 8;
/** What stands where there is no figure. */
const nothing = "–";

interface Row {
  readonly logLoss: HTMLTableCellElement;
  readonly aboveOracle: HTMLTableCellElement;
  readonly speed: HTMLTableCellElement;
  readonly fingerprint: HTMLTableCellElement;
}

export class Results {
  readonly #rows: ReadonlyMap<LearnerName, Row>;
  readonly #fingerprints = element("fingerprints", HTMLDListElement);

  constructor() {
    const body = element("results", HTMLTableSectionElement);
    this.#rows = new Map(learnerNames.map((name) => [name, addRow(body, name)]));
  }

  show({ learners }: Snapshot): void {
    for (const learner of learners) this.#fill(learner);
    this.#fingerprints.replaceChildren(
      ...learners.flatMap(({ name, fingerprints }) => [
        make("dt", `${name}, vectors`),
        make("dd", fingerprints?.vectors ?? "at the end of the run"),
        make("dt", `${name}, biases`),
        make("dd", fingerprints?.biases ?? "at the end of the run"),
      ]),
    );
  }

  #fill({ name, logLoss, aboveOracle, hasDiverged, examplesPerSecond, fingerprints }: LearnerSnapshot): void {
    const row = this.#rows.get(name);
    if (!row) return;
    const hasLoss = logLoss !== null && !hasDiverged;
    row.logLoss.textContent = hasLoss ? logLoss.toFixed(4) : hasDiverged ? "diverged" : nothing;
    row.aboveOracle.textContent = hasLoss ? (aboveOracle.at(-1) ?? 0).toFixed(4) : nothing;
    row.speed.textContent = examplesPerSecond > 0 ? writeCount(1000 * Math.round(examplesPerSecond / 1000)) : nothing;
    row.fingerprint.textContent = fingerprints?.vectors.slice(0, digitsShown) ?? nothing;
    row.fingerprint.title = fingerprints ? `vectors ${fingerprints.vectors}, biases ${fingerprints.biases}` : "";
  }
}

function addRow(body: HTMLTableSectionElement, name: LearnerName): Row {
  const swatch = make("span");
  swatch.className = "swatch";
  const header = make("th", swatch, name, make("small", rules[name]));
  header.scope = "row";
  const row: Row = { logLoss: make("td"), aboveOracle: make("td"), speed: make("td"), fingerprint: make("td") };
  row.fingerprint.className = "fingerprint";
  const line = make("tr", header, row.logLoss, row.aboveOracle, row.speed, row.fingerprint);
  line.dataset.learner = name;
  line.style.setProperty("--learner", `var(--${name})`);
  body.append(line);
  return row;
}
