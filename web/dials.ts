/** The three dials: range inputs over the values that `settings.ts` lists, each with its value in words beside it. */
import { at } from "../src/synthetic/at.js";
import { element } from "./elements.js";
import { dialNames, dials, type Settings } from "./settings.js";

export class Dials {
  readonly #inputs: Readonly<Record<keyof Settings, HTMLInputElement>> = {
    exponent: element("exponent", HTMLInputElement),
    rateFactor: element("rateFactor", HTMLInputElement),
    batch: element("batch", HTMLInputElement),
  };

  /** @param onChange Called when a visitor moves a dial to another value. */
  constructor(settings: Settings, onChange: (settings: Settings) => void) {
    for (const name of dialNames) {
      const input = this.#inputs[name];
      input.min = "0";
      input.max = String(dials[name].values.length - 1);
      input.step = "1";
      input.addEventListener("input", () => {
        this.#describe(name);
        onChange(this.settings);
      });
    }
    this.settings = settings;
  }

  get settings(): Settings {
    const read = (name: keyof Settings) => at(dials[name].values, Number(this.#inputs[name].value));
    return { exponent: read("exponent"), rateFactor: read("rateFactor"), batch: read("batch") };
  }

  set settings(settings: Settings) {
    for (const name of dialNames) {
      this.#inputs[name].value = String(dials[name].values.indexOf(settings[name]));
      this.#describe(name);
    }
  }

  #describe(name: keyof Settings): void {
    const text = dials[name].write(this.settings[name]);
    this.#inputs[name].setAttribute("aria-valuetext", text);
    element(`${name}-value`, HTMLOutputElement).value = text;
  }
}
