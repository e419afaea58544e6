import { Counter, type Registry } from 'prom-client';
import type { AuditLog } from '../audit/audit-log.ts';
import type { AuditorOptions } from '../audit/trail.ts';

/** Upstream's counters of the audit log, around writing to it. */
export function countedAudit(log: AuditLog, registry: Registry): Required<Pick<AuditorOptions, 'sink' | 'onLevel'>> {
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
      this.inc({ plugin: 'log' }, log.dropped);
    },
  });
  return {
    sink(line) {
      events.inc();
      log.write(line);
    },
    onLevel: (level) => levels.inc({ level }),
  };
}
