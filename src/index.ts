/** The entry of Node and Bun: what runs everywhere, and the addon, which is preferred. Importing it loads neither. */

import { preferNative } from "./backend.js";
import { loadNative } from "./native.js";

export * from "./portable.js";

preferNative(loadNative);
