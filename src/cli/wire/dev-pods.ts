import { pods } from '../../api/index.ts';
import type { Pod } from '../../api/schema/generated/types.ts';
import type { Change, Informers } from '../../client/informer.ts';

/** The pods of one node, as an agent follows them. */
export interface NodePods {
  get(key: string): Pod | undefined;
  list(): readonly Pod[];
  onChange(listener: (change: Change<Pod>) => void): Disposable;
  whenSynced(options: { signal: AbortSignal }): Promise<void>;
}

const NODE_INDEX = 'node';
const nodeOf = (pod: Pod): string => pod.spec?.nodeName ?? '';

/**
 * One list and watch of all bound pods, dealt out by node: a change costs the same with one fake node and with hundreds. A pod's node never changes once
 * it has one.
 */
export function podsByNode(informers: Informers): (nodeName: string) => NodePods {
  const scope = { fieldSelector: 'spec.nodeName!=' };
  const all = informers.informer<Pod>(pods, { scope, indexes: { [NODE_INDEX]: (pod) => [nodeOf(pod)] } });
  const listeners = new Map<string, Set<(change: Change<Pod>) => void>>();
  all.onChange((change) => {
    for (const listener of listeners.get(nodeOf(change.object)) ?? []) listener(change);
  });
  return (nodeName) => ({
    get(key) {
      const pod = all.get(key);
      return pod && nodeOf(pod) === nodeName ? pod : undefined;
    },
    list: () => all.by(NODE_INDEX, nodeName),
    whenSynced: (options) => all.whenSynced(options),
    onChange(listener) {
      const own = listeners.get(nodeName) ?? new Set();
      listeners.set(nodeName, own.add(listener));
      for (const object of all.by(NODE_INDEX, nodeName)) listener({ type: 'ADDED', object });
      return { [Symbol.dispose]: () => void own.delete(listener) };
    },
  });
}
