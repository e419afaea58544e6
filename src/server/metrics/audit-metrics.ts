import { Counter, type Registry } from 'prom-client';
import type { AuditBackend } from '../audit/backend.ts';
import type { AuditorOptions } from '../audit/trail.ts';

/** Upstream's counters of audit, around the backend. */
export function countedAudit(
  backend: AuditBackend,
  registry: Registry,
): Required<Pick<AuditorOptions, 'sink' | 'blocks' | 'onLevel' | 'onRejected'>> {
  const registers = [registry];
  const events = new Counter({
    name: 'apiserver_audit_event_total',
    help: 'Counter of audit events generated and sent to the audit backend.',
    registers,
  });
  const levels = new Counter({
    name: 'apiserver_audit_level_total',
    help: 'Counter of policy levels for audit events (1 per request).',
    labelNames: ['level'],
    registers,
  });
  new Counter({
    name: 'apiserver_audit_error_total',
    help: 'Counter of audit events that failed to be audited properly. Plugin identifies the plugin affected by the error.',
    labelNames: ['plugin'],
    registers,
    collect() {
      this.reset();
      for (const [plugin, count] of Object.entries(backend.errors)) this.inc({ plugin }, count);
    },
  });
  const rejected = new Counter({
    name: 'apiserver_audit_requests_rejected_total',
    help: 'Counter of apiserver requests rejected due to an error in audit logging backend.',
    registers,
  });
  return {
    blocks: backend.blocks,
    sink(line) {
      events.inc();
      return backend.write(line);
    },
    onRejected: () => rejected.inc(),
    onLevel: (level) => levels.inc({ level }),
  };
}
