/** A mistake of the caller: one sentence on stderr, exit code 2. Anything else that ends a command exits with 1. */
export class UsageError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'UsageError';
  }
}

/** Exit codes of the command line. */
export const EXIT = { ok: 0, failure: 1, usage: 2 } as const;
