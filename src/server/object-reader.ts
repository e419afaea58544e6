import type { KubeObject } from '../api/meta/object.ts';
import type { Watcher } from '../store/watch-cache/collection.ts';
import { nextEvents } from '../store/watch-cache/next-events.ts';
import type { ObjectChange, ObjectReader } from './ports.ts';
import { keyOf, type Resource, type Resources } from './registry/resources.ts';

/** The cache as authenticators, authorizers and admission plugins see it. Unknown resources throw: that is a mistake in the code. */
export function objectReader(resources: Resources): ObjectReader {
  const resourceOf = (id: string): Resource => {
    const resource = resources.byId(id);
    if (!resource) throw new Error(`no resource ${id}`);
    return resource;
  };
  return {
    get: <T extends KubeObject>(id: string, namespace: string, name: string) => {
      const resource = resourceOf(id);
      const stored = resource.collection.get(keyOf(resource, namespace, name));
      return stored && (resource.view(stored).object as T);
    },
    list: <T extends KubeObject>(id: string, namespace?: string) => {
      const resource = resourceOf(id);
      const prefix = namespace && resource.definition.scope === 'Namespaced' ? `${resource.prefix}${namespace}/` : resource.prefix;
      return resource.collection.list({ prefix }).items.map((item) => resource.view(item).object as T);
    },
    has: (id) => resources.byId(id) !== undefined,
    listBy: <T extends KubeObject>(id: string, name: string, value: string) => {
      const resource = resourceOf(id);
      return resource.collection.list({ index: { name, value } }).items.map((item) => resource.view(item).object as T);
    },
    onChange(id, listener) {
      const resource = resourceOf(id);
      const state = { closed: false, watcher: watchOf(resource) };
      void follow(state, resource, () => resources.byId(id), listener);
      return {
        [Symbol.dispose]() {
          state.closed = true;
          state.watcher[Symbol.dispose]();
        },
      };
    },
  };
}

const watchOf = ({ collection }: Resource) => collection.watch({ fromRevision: collection.revision });

/**
 * Calls the listener after each batch. A watcher that fell behind is replaced, and one that ended because its kind is served in another way now is
 * as long as it is served at all; the listener is told to look at the whole state.
 */
async function follow(
  state: { closed: boolean; watcher: Watcher<KubeObject> },
  first: Resource,
  current: () => Resource | undefined,
  listener: Parameters<ObjectReader['onChange']>[1],
): Promise<void> {
  for (let resource: Resource | undefined = first; resource && !state.closed; ) {
    const events = await nextEvents(state.watcher).catch(() => undefined);
    if (state.closed) return;
    const { view } = resource;
    if (!events) {
      resource = current();
      if (resource) state.watcher = watchOf(resource);
    }
    listener(events?.map(({ type, item }): ObjectChange => ({ type, object: view(item).object })));
  }
}
