import type { LiveRegistry } from '../../api/live-registry.ts';
import type { Clock } from '../../base/clock.ts';
import { servedPaths } from '../../server/discovery/discovery.ts';
import { flagsPage, statusPage, type Zpage } from '../../server/http/zpages.ts';
import { GIT_VERSION } from '../version.ts';

/** What is not for everybody who may look at the server. */
const CLASSIFIED = new Set(['token', 'datastoreEndpoint']);

const flagName = (field: string) => field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const shown = (value: unknown) => (Array.isArray(value) ? `[${value.join(',')}]` : String(value ?? ''));

/** Settings, one field a flag, as `/flagz` tells of them. */
export const shownFlags = (settings: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(settings)
      .filter(([, value]) => typeof value !== 'object' || Array.isArray(value))
      .map(([field, value]) => [flagName(field), CLASSIFIED.has(field) && value !== undefined ? 'CLASSIFIED' : shown(value)]),
  );

export function zpages({ settings, clock, definitions }: { settings: object; clock: Clock; definitions: LiveRegistry }): Zpage[] {
  const status = statusPage({
    startedAtMs: clock.now(),
    nowMs: () => clock.now(),
    gitVersion: GIT_VERSION,
    goVersion: `node${process.versions.node}`,
    paths: () => servedPaths(definitions.current()),
  });
  return [flagsPage(shownFlags(settings)), status];
}
