import type { KubeObject } from '../../src/api/meta/object.ts';
import type { Store, StoreEvent } from '../../src/store/store.ts';
import { currentActor } from './actor.ts';

/** One committed write. Of a created object there is no `before`, of a removed one no `after`. */
export interface Write {
  /** `pods`, `deployments.apps` */
  readonly resource: string;
  /** `namespace/name`, or `name`. */
  readonly key: string;
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
  /** Who asked for it. */
  readonly by: string;
}

/**
 * What the cluster really is, whatever its components believe: the store's contents, told of each write in the moment in which it is committed, in order.
 */
export interface Truth {
  all<T extends KubeObject>(resource: string): readonly T[];
  get<T extends KubeObject>(resource: string, key: string): T | undefined;
  everything(): readonly KubeObject[];
  /** Everything in the namespace, and the Namespace itself, as `pods n/web`. */
  keysUnder(namespace: string): readonly string[];
  onWrite(listener: (write: Write) => void): void;
}

export function truthOf(store: Store): Truth {
  const objects = new Map<string, Map<string, KubeObject>>();
  const listeners: ((write: Write) => void)[] = [];
  const of = (resource: string) => {
    const known = objects.get(resource) ?? new Map<string, KubeObject>();
    objects.set(resource, known);
    return known;
  };
  store.subscribe({
    event(event) {
      const { resource, key } = place(event.key);
      const before = of(resource).get(key);
      const after = contents(event);
      if (after) of(resource).set(key, after);
      else of(resource).delete(key);
      const write = { resource, key, before, after, by: currentActor() };
      for (const listener of listeners) listener(write);
    },
  });
  return {
    all: <T extends KubeObject>(resource: string) => [...of(resource).values()] as T[],
    get: <T extends KubeObject>(resource: string, key: string) => of(resource).get(key) as T | undefined,
    everything: () => [...objects.values()].flatMap((known) => [...known.values()]),
    keysUnder: (namespace) =>
      [...objects].flatMap(([resource, known]) =>
        [...known.keys()]
          .filter((key) => key.startsWith(`${namespace}/`) || (resource === 'namespaces' && key === namespace))
          .map((key) => `${resource} ${key}`),
      ),
    onWrite: (listener) => void listeners.push(listener),
  };
}

/** `/registry/apps/deployments/n/web` -> `deployments.apps`, `n/web`. */
function place(storeKey: string): { resource: string; key: string } {
  const [, , group, plural, ...rest] = storeKey.split('/');
  return { resource: group === 'core' ? `${plural}` : `${plural}.${group}`, key: rest.join('/') };
}

const contents = (event: StoreEvent): KubeObject | undefined =>
  event.type === 'put' ? (JSON.parse(Buffer.from(event.value).toString('utf8')) as KubeObject) : undefined;
