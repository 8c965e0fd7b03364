/** How commands end. */

export const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 };

/** What was typed cannot be done; the message says why, in one line. */
export class UsageError extends Error {}
