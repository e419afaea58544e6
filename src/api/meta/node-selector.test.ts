import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NodeSelectorTerm } from '../schema/generated/types.ts';
import { fitsNodeAffinity } from './node-selector.ts';

const node = (name: string, labels: Record<string, string> = {}) => ({ metadata: { name, labels } });
const requires = (...nodeSelectorTerms: NodeSelectorTerm[]) => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
});
const byName = (name: string): NodeSelectorTerm => ({ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] });

test('a field requirement on metadata.name picks the one node of that name', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (wanted, name) => {
      expect(fitsNodeAffinity(requires(byName(wanted)), node(name))).toBe(wanted === name);
    }),
  );
});

test('terms are alternatives, the requirements of one term all count, an empty term matches nothing', () => {
  const disk = { key: 'disk', operator: 'In', values: ['ssd'] };
  expect(fitsNodeAffinity(requires(byName('a'), byName('b')), node('b'))).toBe(true);
  expect(fitsNodeAffinity(requires({ ...byName('a'), matchExpressions: [disk] }), node('a'))).toBe(false);
  expect(fitsNodeAffinity(requires({ ...byName('a'), matchExpressions: [disk] }), node('a', { disk: 'ssd' }))).toBe(true);
  expect(fitsNodeAffinity(requires({}), node('a'))).toBe(false);
  expect(fitsNodeAffinity(requires(), node('a'))).toBe(false);
  expect(fitsNodeAffinity({}, node('a'))).toBe(true);
});

test('the node selector counts as well as the affinity', () => {
  const spec = { ...requires(byName('a')), nodeSelector: { zone: 'x' } };
  expect(fitsNodeAffinity(spec, node('a'))).toBe(false);
  expect(fitsNodeAffinity(spec, node('a', { zone: 'x' }))).toBe(true);
});
