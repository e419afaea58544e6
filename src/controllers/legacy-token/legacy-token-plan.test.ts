import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import type { Pod, Secret } from '../../api/schema/generated/types.ts';
import { dayOf, INVALID_SINCE, planLegacyToken, planTracking, secretsOf, trackedSinceMs } from './legacy-token-plan.ts';

const START = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
const LAST_USED = 'kubernetes.io/legacy-token-last-used';

const account = { metadata: { name: 'robot', namespace: 'n', uid: 'r' }, secrets: [{ name: 'robot-token' }] };
const user: Pod = {
  metadata: { name: 'p', namespace: 'n' },
  spec: { containers: [], volumes: [{ name: 't', secret: { secretName: 'robot-token' } }] },
};
const secretOf = (labels: Record<string, string>, createdMs: number, metadata: object = {}): Secret => ({
  metadata: { name: 'robot-token', namespace: 'n', labels, creationTimestamp: new Date(createdMs).toISOString(), ...metadata },
});

/** A day or two, about a year, or anything. Not in whole days, as labels are. */
const passingMs = fc.oneof(fc.nat(2 * DAY_MS), fc.integer({ min: YEAR_MS - DAY_MS, max: YEAR_MS + DAY_MS }), fc.nat(400 * DAY_MS));
/** Time passes and somebody does something; the cleaner looks after each. */
const history = fc.array(
  fc.record({
    afterMs: passingMs,
    what: fc.constantFrom('nothing', 'nothing', 'use', 'mount', 'unmount', 'unmark'),
  }),
  { maxLength: 25 },
);

test('only what nobody used for a year is marked, only what was marked for a year goes, and nothing that a pod mounts', () => {
  fc.assert(
    fc.property(history, fc.nat(2 * YEAR_MS), fc.nat(2 * YEAR_MS), (events, createdAfterMs, trackedAfterMs) => {
      const tracking = { data: planTracking(undefined, START + trackedAfterMs) };
      const createdMs = START + createdAfterMs;
      const labels: Record<string, string> = {};
      let nowMs = createdMs;
      let [lastSignMs, markedMs, isMounted] = [Math.max(createdMs, START + trackedAfterMs), Number.NaN, false];
      for (const { afterMs, what } of events) {
        nowMs += afterMs;
        // The API server refuses a marked token and notes no use of it.
        if (what === 'use' && !labels[INVALID_SINCE]) {
          labels[LAST_USED] = dayOf(nowMs);
          lastSignMs = Math.max(lastSignMs, nowMs);
        }
        if (what === 'unmark') delete labels[INVALID_SINCE];
        if (what === 'mount' || what === 'unmount') isMounted = what === 'mount';
        const state = { account, pods: () => (isMounted ? [user] : []), trackedSinceMs: trackedSinceMs(tracking) };
        const verdict = planLegacyToken({ ...state, secret: secretOf({ ...labels }, createdMs) }, nowMs);
        if (verdict === 'keep') continue;
        expect(isMounted).toBe(false);
        expect(nowMs - lastSignMs).toBeGreaterThan(YEAR_MS);
        const going = secretOf({ ...labels }, createdMs, { deletionTimestamp: 'now' });
        expect(planLegacyToken({ ...state, secret: going }, nowMs)).toBe('keep');
        if (verdict === 'delete') {
          expect(labels[INVALID_SINCE]).toBe(dayOf(markedMs));
          expect(nowMs - markedMs).toBeGreaterThan(YEAR_MS);
          return;
        }
        expect(labels[INVALID_SINCE]).toBeUndefined();
        labels[INVALID_SINCE] = dayOf(nowMs);
        markedMs = nowMs;
      }
    }),
    { numRuns: 500 },
  );
});

test('a token that nobody uses any more is gone two years later, whenever it was used last, and one that its account does not list stays', () => {
  fc.assert(
    fc.property(fc.option(fc.nat(YEAR_MS)), fc.nat(DAY_MS), (usedAfterMs, lookAfterMs) => {
      const labels: Record<string, string> = usedAfterMs === null ? {} : { [LAST_USED]: dayOf(START + usedAfterMs) };
      const state = { account, pods: () => [], trackedSinceMs: trackedSinceMs({ data: planTracking(undefined, START) }) };
      const verdicts: string[] = [];
      for (let nowMs = START + lookAfterMs; !verdicts.includes('delete'); nowMs += DAY_MS) {
        const secret = secretOf({ ...labels }, START);
        const verdict = planLegacyToken({ ...state, secret }, nowMs);
        if (verdict === 'invalidate') labels[INVALID_SINCE] = dayOf(nowMs);
        expect(nowMs - START - (usedAfterMs ?? 0)).toBeLessThan(2 * YEAR_MS + 5 * DAY_MS);
        if (verdict === 'keep') continue;
        verdicts.push(verdict);
        for (const other of [undefined, { ...account, secrets: [] }])
          expect(planLegacyToken({ ...state, secret, account: other }, nowMs)).toBe('keep');
      }
      expect(verdicts).toEqual(['invalidate', 'delete']);
    }),
    { numRuns: 20 },
  );
});

test('whatever somebody made of the ConfigMap, one write says a day that is not before tracking began, and keeps the rest', () => {
  const data = fc.option(fc.dictionary(fc.constantFrom('since', 'x'), fc.constantFrom('2025-06-01', '2026-02-30', '2026', 'soon', '')), {
    nil: undefined,
  });
  fc.assert(
    fc.property(data, fc.nat(2 * YEAR_MS), (found, afterMs) => {
      const nowMs = START + afterMs;
      const written = planTracking(found && { data: found }, nowMs);
      const after = written ?? found ?? {};
      expect(planTracking({ data: after }, nowMs + YEAR_MS)).toBeUndefined();
      expect(after.x).toBe(found?.x);
      expect(trackedSinceMs({ data: after })).toBeGreaterThan(written ? nowMs : Number.NEGATIVE_INFINITY);
    }),
  );
});

it('the Secrets of a pod are those of its volumes, variables and image pulls', () => {
  const spec = {
    imagePullSecrets: [{ name: 'pull' }],
    volumes: [
      { name: 'a', secret: { secretName: 'volume' } },
      { name: 'b', projected: { sources: [{ secret: { name: 'projected' } }, { configMap: { name: 'no' } }] } },
      { name: 'c', csi: { driver: 'd', nodePublishSecretRef: { name: 'csi' } } },
    ],
    initContainers: [{ name: 'i', env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'variable', key: 'k' } } }] }],
    containers: [{ name: 'c', envFrom: [{ secretRef: { name: 'variables' } }, { configMapRef: { name: 'no' } }] }],
  };
  expect([...secretsOf({ spec })].sort()).toEqual(['csi', 'projected', 'pull', 'variable', 'variables', 'volume']);
});
