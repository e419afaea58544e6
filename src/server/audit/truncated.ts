import type { AuditBackend } from './backend.ts';

export interface TruncateOptions {
  /** Greatest event, in bytes, with its end of line. */
  readonly maxEventBytes: number;
}

const TRUNCATED = 'audit.k8s.io/truncated';

/** Keeps large events from a backend: one that is too large loses its request and response object; one that still is, is lost. */
export function truncated(backend: AuditBackend, { maxEventBytes }: TruncateOptions): AuditBackend {
  const fits = (event: string) => Buffer.byteLength(event) < maxEventBytes;
  let lost = 0;
  return {
    blocks: backend.blocks,
    write(event) {
      const shown = fits(event) ? event : truncateEvent(event);
      if (fits(shown)) return backend.write(shown);
      lost += 1;
      return undefined;
    },
    get errors() {
      return { ...backend.errors, truncate: lost };
    },
    close: () => backend.close(),
  };
}

/** An event of the level Metadata has nothing to lose. */
export function truncateEvent(event: string): string {
  const { requestObject: _, responseObject: __, annotations, ...rest } = JSON.parse(event);
  if (rest.level === 'Metadata') return event;
  return JSON.stringify({ ...rest, annotations: { ...annotations, [TRUNCATED]: 'true' } });
}
