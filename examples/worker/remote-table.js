// The page's side of worker.js: a table whose methods return promises.

/** A table in a worker of its own. One call at a time: whoever awaits each call never has more than one batch under way. */
export class RemoteTable {
  #worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  #waiting = false;

  /**
   * Calls a method of the table, or "create" with its options.
   *
   * @param {string} method
   * @param {unknown[]} args Copied, apart from what is transferred.
   * @param {Transferable[]} transfer Buffers of `args` that move to the worker without a copy; they are empty here afterwards.
   */
  call(method, args = [], transfer = []) {
    if (this.#waiting) return Promise.reject(new Error(`${method}: await the call before this one first`));
    this.#waiting = true;
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data: { result, error } }) => {
        this.#waiting = false;
        if (error) reject(Object.assign(new Error(error.message), { code: error.code }));
        else resolve(result);
      };
      // The worker could not be loaded, and will not answer.
      this.#worker.onerror = (event) => reject(new Error(event.message ?? "the worker could not be loaded"));
      this.#worker.postMessage({ method, args }, transfer);
    });
  }

  /** Ends the worker; its memory, the table's included, is given back. */
  end() {
    this.#worker.terminate();
  }
}
