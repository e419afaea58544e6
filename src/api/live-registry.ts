import { type ResourceDefinition, resourceId } from './define.ts';
import { buildRegistry, type Registry } from './registry.ts';

/**
 * The registry of a running server: its own kinds and those that CustomResourceDefinitions bring. Look-ups answer for now; what was derived from it is current for
 * as long as `current()` gives the same value.
 */
export interface LiveRegistry extends Registry {
  /** What is served now; another value after every change. */
  current(): Registry;
  /** Takes the place of all that this function was given before. Kinds of the server's own are never replaced. */
  serve(custom: readonly ResourceDefinition[]): void;
  /** Called after every change. */
  onChange(listener: () => void): Disposable;
}

export function liveRegistry(builtIn: Registry): LiveRegistry {
  let current = builtIn;
  const listeners = new Set<() => void>();
  return {
    get all() {
      return current.all;
    },
    get groups() {
      return current.groups;
    },
    find: (group, version, plural) => current.find(group, version, plural),
    findKind: (group, version, kind) => current.findKind(group, version, kind),
    byId: (id) => current.byId(id),
    stored: (definition) => current.stored(definition),
    inVersion: (group, version) => current.inVersion(group, version),
    current: () => current,
    serve(custom) {
      const free = custom.filter(({ group, version, plural }) => !builtIn.find(group, version, plural));
      current = buildRegistry([...builtIn.all, ...[...free].sort(inDiscoveryOrder)]);
      for (const listener of listeners) listener();
    },
    onChange(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
}

/** The kinds of CustomResourceDefinitions that can be listed, each once, in its preferred version. */
export function customKinds(live: LiveRegistry): { current(): readonly ResourceDefinition[]; onChange(listener: () => void): Disposable } {
  const kept = new WeakMap<Registry, readonly ResourceDefinition[]>();
  return {
    current() {
      const registry = live.current();
      const known = kept.get(registry);
      if (known) return known;
      const kinds = registry.all.filter((definition) => definition.structural && registry.byId(resourceId(definition)) === definition);
      kept.set(registry, kinds);
      return kinds;
    },
    onChange: (listener) => live.onChange(listener),
  };
}

function inDiscoveryOrder(a: ResourceDefinition, b: ResourceDefinition): number {
  if (a.group !== b.group) return a.group < b.group ? -1 : 1;
  if (a.version !== b.version) return compareVersions(a.version, b.version);
  return a.plural < b.plural ? -1 : 1;
}

const VERSION = /^v(\d+)(?:(alpha|beta)(\d+))?$/;
const STAGES = ['alpha', 'beta', undefined];

/**
 * Versions by preference: v2, v1, v1beta2, v1beta1, v1alpha1, then others by name. Source: Kubernetes, "Versions in CustomResourceDefinitions" (version
 * priority).
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [VERSION.exec(a), VERSION.exec(b)];
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : Number(a > b);
  const byStage = STAGES.indexOf(right[2]) - STAGES.indexOf(left[2]);
  return byStage || Number(right[1]) - Number(left[1]) || Number(right[3] ?? 0) - Number(left[3] ?? 0);
}
