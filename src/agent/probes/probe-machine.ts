import type { Container, Probe } from '../../api/schema/generated/types.ts';

export type ProbeKind = 'startup' | 'readiness' | 'liveness';

/** What one try of a probe said. `unknown`: it could not be asked; then the try counts for nothing. */
export type ProbeOutcome = 'success' | 'failure' | 'warning' | 'unknown';

/** What a probe holds of its container, after thresholds. */
export type ProbeResult = 'success' | 'failure' | 'unknown';

export interface ProbeState {
  readonly kind: ProbeKind;
  readonly result: ProbeResult;
  /** The latest tries that said the same, in a row. */
  readonly last: 'success' | 'failure' | undefined;
  readonly row: number;
  /** A container that failed its startup or liveness probe is about to be stopped: it is not asked any more. */
  readonly done: boolean;
}

/**
 * Until it is asked, a container is not ready, alive, and not known to have started (KEP-950). Of a container that an earlier agent
 * started, nothing is known: whatever its probe says first is told.
 */
export function initialProbe(kind: ProbeKind, isAdopted = false): ProbeState {
  const result = { startup: 'unknown', readiness: isAdopted ? 'unknown' : 'failure', liveness: 'success' } as const;
  return { kind, result: result[kind], last: undefined, row: 0, done: false };
}

/** The state after one more try, and the result to tell of, if any. A failed startup or liveness probe is told once. */
export function stepProbe(
  state: ProbeState,
  outcome: ProbeOutcome,
  { successThreshold = 1, failureThreshold = 3 }: Pick<Probe, 'successThreshold' | 'failureThreshold'>,
): [ProbeState, ProbeResult | undefined] {
  if (state.done || outcome === 'unknown') return [state, undefined];
  const said = outcome === 'failure' ? 'failure' : 'success';
  const row = state.last === said ? state.row + 1 : 1;
  const counted: ProbeState = { ...state, last: said, row };
  if (row < (said === 'success' ? successThreshold : failureThreshold)) return [counted, undefined];
  const ends = state.kind === 'startup' || (state.kind === 'liveness' && said === 'failure');
  const isNews = said !== state.result;
  return [{ ...counted, result: said, done: ends }, isNews ? said : undefined];
}

/** Kinds of probes that the container has, in the order in which they begin. */
export function probesOf(container: Pick<Container, 'startupProbe' | 'readinessProbe' | 'livenessProbe'>): [ProbeKind, Probe][] {
  const { startupProbe, readinessProbe, livenessProbe } = container;
  const all: [ProbeKind, Probe | undefined][] = [
    ['startup', startupProbe],
    ['readiness', readinessProbe],
    ['liveness', livenessProbe],
  ];
  return all.filter((entry): entry is [ProbeKind, Probe] => entry[1] !== undefined);
}

/** Readiness and liveness wait until the container has started, as far as the startup probe says. */
export const waitsForStartup = (kind: ProbeKind): boolean => kind !== 'startup';

export const periodMs = (probe: Probe): number => Math.max(1, probe.periodSeconds ?? 10) * 1000;
export const timeoutMs = (probe: Probe): number => Math.max(1, probe.timeoutSeconds ?? 1) * 1000;

/**
 * From now to the first try. `jitter` (0 to 1): the part of a period to wait for a container that an earlier agent started, so that a
 * restarted agent does not ask them all at once.
 */
export function firstDelayMs(probe: Probe, times: { startedAtMs: number; nowMs: number; jitter: number }): number {
  const due = times.startedAtMs + (probe.initialDelaySeconds ?? 0) * 1000 - times.nowMs;
  return Math.max(0, due, times.jitter * periodMs(probe));
}
