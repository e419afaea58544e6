import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CustomResourceDefinition, StorageVersionMigration } from '../../api/schema/generated/types.ts';
import { crdStatusAtEnd, crdStatusAtStart, isOver, planMigrations, withCondition } from './migrations-plan.ts';

const NOW = '2026-01-01T00:00:00Z';
const running = { type: 'Running', status: 'True', reason: 'MigrationRunning', message: '' };
const migration = (name: string, second = 0): StorageVersionMigration => ({
  metadata: { name, creationTimestamp: `2026-01-01T00:00:0${second}Z` },
  spec: { resource: { group: '', resource: 'secrets' } },
});
const isRunning = ({ status }: StorageVersionMigration) => status?.conditions?.some((c) => c.type === 'Running' && c.status === 'True');

describe('migrations of one resource', () => {
  it('run one after the other, the oldest first, until all are over, whatever becomes of each', () => {
    const all = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,4}$/), fc.nat(2)), { selector: ([name]) => name, maxLength: 6 });
    fc.assert(
      fc.property(all, fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), (made, outcomes) => {
        let state = made.map(([name, second]) => migration(name, second));
        const order: string[] = [];
        const change = (name: string | undefined, status: StorageVersionMigration['status']) => {
          state = state.map((each) => (each.metadata?.name === name ? { ...each, status } : each));
        };
        for (let steps = 0; ; steps += 1) {
          expect(steps).toBeLessThanOrEqual(made.length * 4);
          const step = planMigrations(state);
          if (step.do === 'nothing') break;
          const { metadata, status } = step.migration;
          const wants = (condition: Parameters<typeof withCondition>[1]) => withCondition(step.migration, condition, NOW);
          if (step.do === 'start') {
            order.push(metadata?.name ?? '');
            change(metadata?.name, { ...status, conditions: wants(running) });
          } else if (step.do === 'checkpoint') change(metadata?.name, { ...status, resourceVersion: '7' });
          else if (step.do === 'rewrite') {
            const type = outcomes[order.length - 1] ? 'Succeeded' : 'Failed';
            change(metadata?.name, { ...status, conditions: wants({ ...running, type }) });
          } else change(metadata?.name, { ...status, conditions: wants({ ...running, status: 'False' }) });
          expect(state.filter(isRunning).length).toBeLessThanOrEqual(1);
        }
        expect(state.every((each) => isOver(each) && !isRunning(each))).toBe(true);
        const byAge = [...made].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1)).map(([name]) => name);
        expect(order).toEqual(byAge);
      }),
    );
  });
});

describe('the definition of a migrated kind', () => {
  const crd = (generation: number, status: CustomResourceDefinition['status']): CustomResourceDefinition => ({
    metadata: { name: 'a.b', generation },
    spec: {
      group: 'b',
      names: { kind: 'A', plural: 'a' },
      scope: 'Cluster',
      versions: [
        { name: 'v1', served: true, storage: false },
        { name: 'v2', served: true, storage: true },
      ],
    },
    status,
  });
  const storedVersions = ['v1', 'v2'];
  const started = crd(3, { storedVersions, ...crdStatusAtStart(crd(3, {}), 'm', NOW) });

  it('says that a migration runs, and keeps what is said besides', () => {
    const established = { type: 'Established', status: 'True' };
    expect(crdStatusAtStart(crd(3, { conditions: [established] }), 'm', NOW)).toEqual({
      conditions: [
        established,
        {
          type: 'StorageMigrating',
          status: 'True',
          reason: 'MigrationRunning',
          message: 'Migration m is running',
          observedGeneration: 3,
          lastTransitionTime: NOW,
        },
      ],
    });
  });

  it('forgets the versions that nothing is stored in any more, unless it changed meanwhile or the migration failed', () => {
    const end = (of: CustomResourceDefinition, succeeded: boolean) => {
      const { conditions, storedVersions: after } = crdStatusAtEnd(of, succeeded, NOW);
      return [after, conditions?.[0]?.status, conditions?.[0]?.reason, conditions?.[0]?.message];
    };
    expect(end(started, true)).toEqual([
      ['v2'],
      'False',
      'MigrationSucceeded',
      'The migration has succeeded and the stored versions have been updated',
    ]);
    expect(end({ ...started, metadata: { ...started.metadata, generation: 4 } }, true)).toEqual([
      undefined,
      'False',
      'MigrationSucceeded',
      'The migration has succeeded but the stored versions have not been updated due to a generation mismatch',
    ]);
    expect(end(started, false)).toEqual([undefined, 'False', 'MigrationFailed', 'The migration has failed']);
  });
});
