import { describe, expect, it } from 'vitest';
import type { Pod } from '../../api/schema/generated/types.ts';
import { containerOf } from './pod-streams.ts';

const named = (...names: string[]) => names.map((name) => ({ name, image: 'x' }));
const pod = (containers: string[], rest: { preferred?: string; init?: string[]; debug?: string[] } = {}): Pod =>
  ({
    metadata: { name: 'web', annotations: rest.preferred ? { 'kubectl.kubernetes.io/default-container': rest.preferred } : {} },
    spec: {
      containers: named(...containers),
      initContainers: named(...(rest.init ?? [])),
      ephemeralContainers: named(...(rest.debug ?? [])),
    },
  }) as Pod;

describe('the container that is meant', () => {
  it('is the one that is named, also among init and debug containers', () => {
    const many = pod(['a', 'b'], { init: ['setup'], debug: ['shell'] });
    expect(['b', 'setup', 'shell'].map((name) => containerOf(many, name))).toEqual(['b', 'setup', 'shell']);
  });

  it('is the only one when none is named, whatever init containers there are', () => {
    expect(containerOf(pod(['a'], { init: ['setup'] }), null)).toBe('a');
    expect(containerOf(pod(['a']), '')).toBe('a');
  });

  it('is the annotated one of several, if it exists', () => {
    expect(containerOf(pod(['a', 'b'], { preferred: 'b' }), null)).toBe('b');
    expect(() => containerOf(pod(['a', 'b'], { preferred: 'c' }), null)).toThrow(
      'a container name must be specified for pod web, choose one of: [a b]',
    );
  });

  it('must exist', () => {
    expect(() => containerOf(pod(['a']), 'b')).toThrow('container b is not valid for pod web');
  });
});
