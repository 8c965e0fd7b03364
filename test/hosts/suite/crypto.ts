/**
 * What `node:crypto` is for the suite in browsers, whose own hashes are asynchronous: SHA-256 as FIPS 180-4 writes it.
 * `test/hosts/suite.test.ts` holds it against the real one.
 */

/** Bytes a block. */
const BLOCK = 64;

const primes = Array.from({ length: 312 }, (_, n) => n).filter(
  (n) => n > 1 && !Array.from({ length: n }, (_, d) => d).some((d) => d > 1 && n % d === 0),
);
/** The first 32 bits of the fractional part. */
const fraction = (x: number): number => Math.floor((x - Math.floor(x)) * 2 ** 32);
const initial = Uint32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
const constants = Uint32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));

const rotated = (word: number, by: number): number => (word >>> by) | (word << (32 - by));

/** A hash in progress. */
class Sha256 {
  readonly #state = initial.slice();
  readonly #schedule = new Int32Array(BLOCK);
  readonly #block = new DataView(new ArrayBuffer(BLOCK));
  #length = 0;

  update(bytes: Uint8Array): this {
    for (const byte of bytes) {
      this.#block.setUint8(this.#length % BLOCK, byte);
      this.#length += 1;
      if (this.#length % BLOCK === 0) this.#compress();
    }
    return this;
  }

  digest(_encoding: "hex"): string {
    const bits = new DataView(new ArrayBuffer(8));
    bits.setBigUint64(0, 8n * BigInt(this.#length));
    const zeros = (2 * BLOCK - 9 - (this.#length % BLOCK)) % BLOCK;
    this.update(Uint8Array.of(0x80)).update(new Uint8Array(zeros)).update(new Uint8Array(bits.buffer));
    return Array.from(this.#state, (word) => word.toString(16).padStart(8, "0")).join("");
  }

  #compress(): void {
    const w = this.#schedule;
    for (let t = 0; t < 16; t++) w[t] = this.#block.getInt32(4 * t);
    for (let t = 16; t < BLOCK; t++) {
      const [near, far] = [w[t - 2] ?? 0, w[t - 15] ?? 0];
      const small0 = rotated(far, 7) ^ rotated(far, 18) ^ (far >>> 3);
      const small1 = rotated(near, 17) ^ rotated(near, 19) ^ (near >>> 10);
      w[t] = small1 + (w[t - 7] ?? 0) + small0 + (w[t - 16] ?? 0);
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = this.#state;
    for (let t = 0; t < BLOCK; t++) {
      const big1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
      const first = (h + big1 + ((e & f) ^ (~e & g)) + (constants[t] ?? 0) + (w[t] ?? 0)) | 0;
      const big0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
      const second = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
    }
    for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) this.#state[i] = (this.#state[i] ?? 0) + word;
  }
}

export function createHash(name: string): Sha256 {
  if (name !== "sha256") throw new Error(`only sha256 is here, not ${name}`);
  return new Sha256();
}
