import { Counter, Gauge, Registry } from 'prom-client';
import { type HealthCheck, isWell } from '../http/health.ts';

export interface SliMetrics {
  /** The same checks, whose results are shown from then on. `type`: `livez`, `readyz`. */
  observed(type: string, checks: readonly HealthCheck[]): readonly HealthCheck[];
  render(): Promise<{ contentType: string; text: string }>;
}

/**
 * What /metrics/slis says: how each health check ended last, and how often it ended how. Every check is run when somebody asks.
 * Source: Kubernetes, "Kubernetes Component SLI Metrics" (KEP-3466).
 */
export function sliMetrics(): SliMetrics {
  const registry = new Registry();
  const registers = [registry];
  const last = new Gauge({
    name: 'kubernetes_healthcheck',
    help: 'This metric records the result of a single healthcheck.',
    labelNames: ['name', 'type'],
    registers,
  });
  const all = new Counter({
    name: 'kubernetes_healthchecks_total',
    help: 'This metric records the results of all healthcheck.',
    labelNames: ['name', 'type', 'status'],
    registers,
  });
  registerStartTime(registry);
  const known: HealthCheck[] = [];

  const observe = (name: string, type: string, well: boolean) => {
    last.set({ name, type }, well ? 1 : 0);
    all.inc({ name, type, status: well ? 'success' : 'error' });
  };
  const counted = (type: string, { name, check }: HealthCheck): HealthCheck => ({
    name,
    async check() {
      try {
        await check();
      } catch (error) {
        observe(name, type, false);
        throw error;
      }
      observe(name, type, true);
    },
  });
  return {
    observed(type, checks) {
      const own = checks.map((check) => counted(type, check));
      known.push(...own);
      return own;
    },
    async render() {
      await Promise.all(known.map(isWell));
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

function registerStartTime(registry: Registry): void {
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'Start time of the process since unix epoch in seconds.',
    registers: [registry],
  }).set(performance.timeOrigin / 1000);
}
