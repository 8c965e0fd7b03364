/** Models out of files, whatever they are. */
import type { LoadOptions } from "tallygrad";
import { DeepFM, FactorizationMachine, SkipGram } from "tallygrad/models";

type Loader<Model> = (file: string, options: Omit<LoadOptions, "schedule">) => Promise<Model>;

const loadDeep: Loader<DeepFM> = (file, options) => DeepFM.load(file, options);

export function loadMachine(
  file: string,
  options: Omit<LoadOptions, "schedule"> = {},
): Promise<FactorizationMachine | DeepFM> {
  return firstOf<FactorizationMachine | DeepFM>(
    file,
    options,
    (...given) => FactorizationMachine.load(...given),
    loadDeep,
  );
}

export function loadModel(file: string): Promise<FactorizationMachine | DeepFM | SkipGram> {
  return firstOf<FactorizationMachine | DeepFM | SkipGram>(file, {}, loadMachine, (...given) =>
    SkipGram.load(...given),
  );
}

/** A file says what it holds at its beginning: the wrong class refuses it before it reads further. */
async function firstOf<Model>(
  file: string,
  options: Omit<LoadOptions, "schedule">,
  one: Loader<Model>,
  other: Loader<Model>,
): Promise<Model> {
  try {
    return await one(file, options);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_FILE_FORMAT")) throw error;
    return other(file, options).catch(() => {
      throw error;
    });
  }
}
