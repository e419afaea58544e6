import type { KubeObject } from '../api/meta/object.ts';
import type { ObjectReader } from './ports.ts';

/** Objects in memory, for tests. `set` replaces all objects of a resource and tells who listens. */
export interface FakeReader extends ObjectReader {
  set(resource: string, objects: readonly KubeObject[]): void;
}

const fieldOf = (object: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, field) => (value as Readonly<Record<string, unknown>> | undefined)?.[field], object);

export function fakeReader(initial: Readonly<Record<string, readonly KubeObject[]>>): FakeReader {
  const objects = new Map(Object.entries(initial));
  const listeners = new Map<string, Set<(changes: undefined) => void>>();
  const all = (resource: string) => objects.get(resource) ?? [];
  return {
    get: <T extends KubeObject>(resource: string, namespace: string, name: string) =>
      all(resource).find((each) => each.metadata?.name === name && (each.metadata.namespace ?? '') === namespace) as T | undefined,
    list: <T extends KubeObject>(resource: string, namespace?: string) =>
      all(resource).filter(
        (each) => namespace === undefined || namespace === '' || each.metadata?.namespace === namespace,
      ) as unknown as readonly T[],
    has: (resource) => objects.has(resource),
    listBy: <T extends KubeObject>(resource: string, index: string, value: string) =>
      all(resource).filter((each) => fieldOf(each, index) === value) as unknown as readonly T[],
    onChange(resource, listener) {
      const set = listeners.get(resource) ?? new Set();
      listeners.set(resource, set.add(listener));
      return { [Symbol.dispose]: () => void set.delete(listener) };
    },
    set(resource, next) {
      objects.set(resource, next);
      for (const listener of listeners.get(resource) ?? []) listener(undefined);
    },
  };
}
