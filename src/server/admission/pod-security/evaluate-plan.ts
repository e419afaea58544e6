import { BASELINE_HOST_CHECKS } from './baseline-host-plan.ts';
import { BASELINE_KERNEL_CHECKS } from './baseline-kernel-plan.ts';
import type { Check, CheckVersion, Control, Finding, PodLike } from './check-plan.ts';
import type { LevelVersion } from './policy-plan.ts';
import { RESTRICTED_CHECKS } from './restricted-plan.ts';

export const CHECKS: readonly Check[] = [...BASELINE_HOST_CHECKS, ...BASELINE_KERNEL_CHECKS, ...RESTRICTED_CHECKS];

/** Versions after the newest change are all the same. */
const NEWEST = Math.max(...CHECKS.flatMap(({ versions }) => versions.map(({ since }) => since)));
const controls = new Map<string, readonly Control[]>();

const inVersion = ({ versions }: Check, minor: number): CheckVersion | undefined => versions.filter(({ since }) => since <= minor).at(-1);

/** The controls of a level, baseline's first, each part by name. */
function controlsOf({ level, version }: LevelVersion): readonly Control[] {
  const minor = version === 'latest' ? NEWEST : Math.min(version, NEWEST);
  const key = `${level}:${minor}`;
  const known = controls.get(key);
  if (known) return known;
  const of = (wanted: Check['level']) =>
    CHECKS.filter((check) => check.level === wanted)
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .flatMap((check) => {
        const found = inVersion(check, minor);
        return found ? [{ id: check.id, ...found }] : [];
      });
  const restricted = level === 'restricted' ? of('restricted') : [];
  const replaced = new Set(restricted.map(({ instead }) => instead));
  const all = [...of('baseline').filter(({ id }) => !replaced.has(id)), ...restricted].map(({ control }) => control);
  controls.set(key, all);
  return all;
}

/** Everything that the level has against the pod; nothing when it is allowed. */
export const findingsOf = (at: LevelVersion, pod: PodLike): readonly Finding[] =>
  at.level === 'privileged' ? [] : controlsOf(at).flatMap((control) => control(pod) ?? []);

/** `privileged (container "c" must not set securityContext.privileged=true), …` */
export const showFindings = (findings: readonly Finding[]): string =>
  findings.map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason)).join(', ');

export const showReasons = (findings: readonly Finding[]): string => findings.map(({ reason }) => reason).join(', ');
