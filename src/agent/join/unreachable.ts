const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (connection refused)',
  ECONNRESET: 'it closed the connection',
  EHOSTUNREACH: 'no way leads there (host unreachable)',
  ENETUNREACH: 'no way leads there (network unreachable)',
  ETIMEDOUT: 'it does not answer',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name cannot be looked up at the moment',
  EPROTO: 'it does not speak TLS',
  // Of our own time limit: callers ask only while their own signal is not aborted.
  ABORT_ERR: 'it does not answer',
};

/** Why a server could not be talked to, for people; undefined when it could be, and the error is about something else. */
export function unreachableBecause(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    const reason = code && REASONS[code];
    if (reason) return reason;
  }
  return undefined;
}
