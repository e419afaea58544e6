import { createHash } from 'node:crypto';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '../../base/clock.ts';

/** What becomes of a file of configuration that is followed. */
export interface ReloadOutcome {
  /** `text` is in force from the start. */
  started(text: string): void;
  reloaded(text: string): void;
  failed(): void;
}

const hashOf = (text: string): string => (text === '' ? '' : `sha256:${createHash('sha256').update(text).digest('hex')}`);

export type ReloadedConfig = 'authentication' | 'authorization' | 'encryption';

/** Upstream words what encryption counts in its own way. */
const HELP = {
  total: (which: ReloadedConfig) =>
    which === 'encryption'
      ? 'Total number of reload successes and failures of encryption configuration split by apiserver identity.'
      : `Total number of automatic reloads of ${which} configuration split by status and apiserver identity.`,
  last: (which: ReloadedConfig) =>
    which === 'encryption'
      ? 'Timestamp of the last successful or failed automatic reload of encryption configuration split by apiserver identity.'
      : `Timestamp of the last automatic reload of ${which} configuration split by status and apiserver identity.`,
};

/** Upstream's metrics of configuration that is reloaded. `server` names this one among several. */
export function reloadMetrics(
  which: ReloadedConfig,
  { registry, server, clock }: { registry: Registry; server: string; clock: Clock },
): ReloadOutcome {
  const prefix = `apiserver_${which}_config_controller`;
  const registers = [registry];
  const labelNames = ['status', 'apiserver_id_hash'];
  const total = new Counter({
    name: `${prefix}_automatic_reloads_total`,
    help: HELP.total(which),
    labelNames,
    registers,
  });
  const last = new Gauge({
    name: `${prefix}_automatic_reload_last_timestamp_seconds`,
    help: HELP.last(which),
    labelNames,
    registers,
  });
  const info = new Gauge({
    name: `${prefix}_last_config_info`,
    help: `Information about the last applied ${which} configuration with hash as label, split by apiserver identity.`,
    labelNames: ['apiserver_id_hash', 'hash'],
    registers,
  });
  const apiserver_id_hash = hashOf(server);
  const count = (status: 'success' | 'failure') => {
    total.inc({ status, apiserver_id_hash });
    last.set({ status, apiserver_id_hash }, clock.now() / 1000);
  };
  const inForce = (text: string) => {
    info.reset();
    info.set({ apiserver_id_hash, hash: hashOf(text) }, 1);
  };
  return {
    started: inForce,
    reloaded(text) {
      count('success');
      inForce(text);
    },
    failed: () => count('failure'),
  };
}
