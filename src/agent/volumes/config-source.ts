import { LRUCache } from 'lru-cache';
import type { ResourceDefinition } from '../../api/define.ts';
import { configMaps, secrets } from '../../api/index.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { ConfigMap, Secret } from '../../api/schema/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import { SharedCalls } from '../../base/shared-calls.ts';
import type { Client } from '../../client/client.ts';

export interface ReadOptions {
  signal: AbortSignal;
  /** How old an answer may be, in milliseconds. Default 0: read now. Immutable objects are served from memory regardless. */
  maxAgeMs?: number;
}

/**
 * ConfigMaps and Secrets by name. They are read one by one, since the node authorizer lets a node read what its own pods refer to and
 * nothing else. Resolves with undefined when there is no such object; rejects with ApiError otherwise.
 */
export interface ConfigSource {
  configMap(namespace: string, name: string, options: ReadOptions): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string, options: ReadOptions): Promise<Secret | undefined>;
}

type Configuration = ConfigMap | Secret;

/** Objects kept for callers that take an answer of some age. */
const MAX_KEPT = 500;

export function createConfigSource({ client, clock }: { client: Client; clock: Clock }): ConfigSource {
  const kept = new LRUCache<string, { object: Configuration; atMs: number }>({ max: MAX_KEPT });
  const calls = new SharedCalls<Configuration | undefined>();

  async function read<T extends Configuration>(
    resource: ResourceDefinition<T>,
    namespace: string,
    name: string,
    { signal, maxAgeMs = 0 }: ReadOptions,
  ): Promise<T | undefined> {
    const key = `${resource.plural}/${namespace}/${name}`;
    const known = kept.get(key);
    if (known && (known.object.immutable || clock.monotonic() - known.atMs < maxAgeMs)) return known.object as T;
    const fetched = await calls.run(key, { signal }, async (shared) => {
      const atMs = clock.monotonic();
      const object = await client.get(resource, name, { namespace, ...shared }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
        return undefined;
      });
      if (object) kept.set(key, { object, atMs });
      else kept.delete(key);
      return object;
    });
    return fetched as T | undefined;
  }

  return {
    configMap: (namespace, name, options) => read(configMaps, namespace, name, options),
    secret: (namespace, name, options) => read(secrets, namespace, name, options),
  };
}
