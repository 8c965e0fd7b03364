/** What is asked of a run, and what it gave. Ratios of several workloads or thread counts are rows of their own. */
import { figuresAlone } from "./figures-alone.js";
import { atLeast, atMost, type Figure, Measured, over, type Stream, threadsText } from "./measured.js";
import type { Record } from "./record.js";
import { median, type Timing } from "./rounds.js";

export function figures(record: Record): Figure[] {
  const measured = new Measured(record);
  return [
    ...counted(measured),
    ...besidePeers(measured),
    ...lookups(measured),
    ...shares(measured),
    ...skewed(measured),
    ...grown(measured),
    ...figuresAlone(measured),
    atMost("W3: bytes held, over those of the weights", 1.15, record.facts.memoryOnW3),
  ];
}

function counted(measured: Measured): Figure[] {
  const own = (workload: string, mode: string, threads: number): Timing | undefined =>
    measured.timing("update cf-sgd", workload, `tallygrad ${mode} ${threads}t`);
  const beside = (workload: string, threads: number, asked: Readonly<{ [mode: string]: number }>): Figure[] =>
    Object.entries(asked).map(([mode, least]) => {
      const peer = measured.best("update cf-sgd", workload, "FBGEMM", threads);
      const found = over(peer, own(workload, mode, threads));
      return {
        ...atLeast(`\`cf-sgd\`, ${mode}, beside COUNTER_SGD, ${workload}, ${threadsText(threads)}`, least, found),
        ...measured.allowed("cf-sgd", workload, threads, peer),
      };
    });
  const loop = (workload: string, most: number): Figure => {
    const found = over(own(workload, "skip", 1), measured.timing("update cf-sgd", workload, "native loop 1t"));
    return atMost(`\`cf-sgd\`, skip: time beside the plain native loop, ${workload}`, most, found);
  };
  return [
    ...["W1", "W4"].flatMap((workload) => [
      ...beside(workload, 1, { skip: 2.5, reject: 1.9 }),
      ...beside(workload, 2, { skip: 4, reject: 3.2 }),
    ]),
    ...[1, 2].flatMap((threads) => beside("W2", threads, { skip: 5.5 })),
    loop("W1", 1.1),
    loop("W4", 1.1),
    loop("W2", 1),
  ];
}

function besidePeers(measured: Measured): Figure[] {
  const asked = [
    ["sgd", "PyTorch", 2],
    ["adagrad", "PyTorch", 4],
    ["adagrad", "FBGEMM", 3],
    ["rowwise-adagrad", "FBGEMM", 3],
    ["adam", "PyTorch", 5],
  ] as const;
  return asked.flatMap(([rule, library, least]) =>
    ["W1", "W2", "W4"].flatMap((workload) =>
      [1, 2].map((threads) => {
        const own = measured.timing(`update ${rule}`, workload, `tallygrad skip ${threads}t`);
        const peer = measured.best(`update ${rule}`, workload, library, threads);
        return {
          ...atLeast(`\`${rule}\` beside ${library}, ${workload}, ${threadsText(threads)}`, least, over(peer, own)),
          ...measured.allowed(rule, workload, threads, peer),
        };
      }),
    ),
  );
}

function lookups(measured: Measured): Figure[] {
  return ["W1", "W2"].flatMap((workload) =>
    [1, 2].map((threads) => {
      const peer = measured.best("lookup", workload, "PyTorch", threads);
      const found = over(peer, measured.timing("lookup", workload, `tallygrad ${threads}t`));
      return atLeast(`\`lookup\` beside PyTorch, ${workload}, ${threadsText(threads)}`, 1.2, found);
    }),
  );
}

function shares(measured: Measured): Figure[] {
  const asked = { W1: 0.5, W4: 0.6 };
  const streams: { [kind in Stream]: string } = {
    stream: "",
    "stream on huge pages": ", were gradients on huge pages",
  };
  return Object.entries(asked).flatMap(([workload, least]) =>
    Object.entries(streams).flatMap(([stream, words]) =>
      [1, 2].map((threads) => {
        const own = measured.timing("update cf-sgd", workload, `tallygrad skip ${threads}t`);
        const found = own && measured.limit("update cf-sgd", workload, threads, stream as Stream) / median(own.rounds);
        return atLeast(`share of memory's limit, ${workload}, ${threadsText(threads)}${words}`, least, found, " %");
      }),
    ),
  );
}

function skewed(measured: Measured): Figure[] {
  const asked = { "hot=0.5": 1.5, "hot=0.8": 1.6 };
  const { sameBits } = measured.record.facts;
  return [
    ...Object.entries(asked).map(([workload, least]) => {
      const of = (threads: number): Timing | undefined =>
        measured.timing("sweep cf-sgd", workload, `tallygrad skip ${threads}t`);
      return atLeast(
        `two threads beside one, one row has ${workload.slice(4)} of a W1 batch`,
        least,
        over(of(1), of(2)),
      );
    }),
    {
      what: "the same, same bits",
      asked: "yes",
      measured: sameBits === undefined ? undefined : sameBits ? "yes" : "no",
      met: sameBits,
    },
  ];
}

function grown(measured: Measured): Figure[] {
  const own = (workload: string): number =>
    median(measured.timing("sweep cf-sgd", workload, "tallygrad skip 1t")?.rounds ?? []);
  const growth = own("N=1048576") / own("N=65536") / 16;
  const [small, large] = ["rows=4000", "rows=4000000"] as const;
  const limits = measured.limit("sweep cf-sgd", large, 1) / measured.limit("sweep cf-sgd", small, 1);
  return [
    atMost("time an occurrence at N = 1,048,576 beside that at 65,536", 1.3, growth),
    atMost(
      "time of 4M rows beside that of 4,000; asked: what memory's limit grows by",
      limits,
      own(large) / own(small),
    ),
  ];
}
