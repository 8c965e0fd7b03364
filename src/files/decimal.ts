/** Numbers in text. */

/** What is in decimal notation, `Number` reads; of that it would take more, such as "" and "0x10". */
export const DECIMAL = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/;
