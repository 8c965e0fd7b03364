/** The same as `first-table.js` in an engine that does not decode base64 by itself. */
import "./without-from-base64.js";
import "./first-table.js";
