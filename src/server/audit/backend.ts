/** Upstream's names of what can go wrong with an event: `buffered`, `log`, `truncate`, `webhook`. */
export type AuditPlugin = 'buffered' | 'log' | 'truncate' | 'webhook';

/** Batches that nobody waits for; one event at a time, while the request waits; the same, and a request whose arrival cannot be told is refused. */
export type AuditMode = 'batch' | 'blocking' | 'blocking-strict';

/** Where audit events go. Kubernetes: "Auditing", "Audit backends". */
export interface AuditBackend {
  /** Whoever is audited waits for each of his events. */
  readonly blocks: boolean;
  /**
   * Takes an event: a line of JSON without its end, which begins with EVENT_HEAD. The promise, of a backend that blocks, does not reject; `false`: the event is lost,
   * and a request whose arrival it tells of is to be refused.
   */
  write(event: string): Promise<boolean> | undefined;
  /** Events that were taken and lost. */
  readonly errors: Readonly<Partial<Record<AuditPlugin, number>>>;
  /** Sends or writes what waits. */
  close(): Promise<void>;
}

/** How each event begins. */
export const EVENT_HEAD = '{"kind":"Event","apiVersion":"audit.k8s.io/v1",';

/** All of them are told; none waits for another. */
export function allBackends(backends: readonly AuditBackend[]): AuditBackend {
  const [only, ...others] = backends;
  if (only && others.length === 0) return only;
  return {
    blocks: backends.some(({ blocks }) => blocks),
    write(event) {
      const waits = backends.map((backend) => backend.write(event)).filter((waiting) => waiting !== undefined);
      return waits.length > 0 ? Promise.all(waits).then((stored) => !stored.includes(false)) : undefined;
    },
    get errors() {
      return backends.reduce((sum, { errors }) => added(sum, errors), {});
    },
    close: async () => void (await Promise.all(backends.map((backend) => backend.close()))),
  };
}

function added(a: AuditBackend['errors'], b: AuditBackend['errors']): AuditBackend['errors'] {
  const sum = { ...a };
  for (const [plugin, count] of Object.entries(b) as [AuditPlugin, number][]) sum[plugin] = (sum[plugin] ?? 0) + count;
  return sum;
}
