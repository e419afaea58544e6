import fc from 'fast-check';
import { expect, test } from 'vitest';
import { controllerOf, type KubeObject } from '../../api/meta/object.ts';
import { claim } from './ownership-plan.ts';

const candidate = fc.record({
  owner: fc.constantFrom('me', 'other', undefined),
  matches: fc.boolean(),
  deleting: fc.boolean(),
});

test('nobody takes what another controls, and an owner on its way out claims nothing new', () => {
  fc.assert(
    fc.property(fc.array(candidate), fc.boolean(), (candidates, isGoing) => {
      const objects = candidates.map(
        ({ owner, matches, deleting }): KubeObject => ({
          metadata: {
            labels: { matches: String(matches) },
            ...(deleting && { deletionTimestamp: 'now' }),
            ...(owner && { ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: owner, uid: owner, controller: true }] }),
          },
        }),
      );
      const me = { metadata: { uid: 'me', ...(isGoing && { deletionTimestamp: 'now' }) } };
      const { owned, adopt, release } = claim(me, objects, (o) => o.metadata?.labels?.matches === 'true');
      expect([...owned, ...release].every((o) => controllerOf(o)?.uid === 'me')).toBe(true);
      expect(adopt.every((o) => !controllerOf(o) && !o.metadata?.deletionTimestamp)).toBe(true);
      if (isGoing) expect([...adopt, ...release]).toEqual([]);
      expect(owned.length).toBe(candidates.filter((c) => c.owner === 'me' && c.matches).length);
    }),
  );
});
