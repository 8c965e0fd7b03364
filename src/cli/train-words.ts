/** Training word vectors. */
import { readSentences, SkipGram } from "tallygrad/models";
import { countText } from "../compare/ranking.js";
import { exitCodes } from "./exit.js";
import { placeOf } from "./flags.js";
import { wasInterrupted } from "./interrupt.js";
import type { TrainFlags, Work } from "./train.js";
import { optimizerOf } from "./train-machine.js";

const EPOCHS = 5;

export async function trainWords({ file, flags, signal, terminal }: Work): Promise<number> {
  using model = await skipGramFor(flags);
  const seen = { epoch: -1, loss: Number.NaN, rate: Number.NaN };
  const interrupted = await wasInterrupted(
    model.fit(readSentences(file, { signal }), {
      epochs: flags.epochs ?? EPOCHS,
      signal,
      onProgress: ({ epoch, epochs, words, total, loss, rate }) => {
        if (epoch > 0 && epoch !== seen.epoch)
          terminal.start(`Epoch ${epoch} of ${epochs}`, total ?? Number.POSITIVE_INFINITY);
        if (epoch > 0) terminal.update(words, { rate, unit: "words", loss });
        Object.assign(seen, { epoch, loss, rate });
      },
    }),
  );
  terminal.stop();
  if (interrupted && seen.epoch < 1) {
    terminal.warn("Interrupted before anything was learned; nothing was written.");
    return exitCodes.interrupted;
  }
  await model.save(flags.out);
  if (flags.vectors !== undefined) await model.writeWord2vec(flags.vectors);
  const written = [flags.out, flags.vectors].filter((name) => name !== undefined).join(" and ");
  const words = model.words.length;
  terminal.result(
    `${interrupted ? `Interrupted in epoch ${seen.epoch}; ` : ""}${countText(words)} words, loss ${seen.loss.toFixed(4)}; ${written} written.`,
    { model: flags.out, interrupted, words, loss: seen.loss, wordsPerSecond: seen.rate },
  );
  return interrupted ? exitCodes.interrupted : exitCodes.done;
}

async function skipGramFor(flags: TrainFlags): Promise<SkipGram> {
  const { dim, window, negatives, minCount, seed } = flags;
  const place = placeOf(flags);
  if (flags.from !== undefined) return SkipGram.load(flags.from, place);
  const optimizer = optimizerOf(flags);
  return new SkipGram({
    window,
    negatives,
    minCount,
    seed,
    ...place,
    ...(dim && { dim }),
    ...(optimizer && { optimizer }),
  });
}
