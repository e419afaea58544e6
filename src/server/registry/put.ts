import type { KubeObject } from '../../api/meta/object.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { isStoreTooLarge } from '../../store/store.ts';
import type { Cached, Collection } from '../../store/watch-cache/collection.ts';

export interface Put {
  readonly key: string;
  readonly state: KubeObject;
  readonly expected: number;
}

/** Writes what a request made of an object; without its managedFields where they make it too large, unless it is an apply (isTooLargeError in apiserver's handlers). */
export async function put(
  collection: Collection<KubeObject>,
  { patchType }: ApiRequest,
  { key, state, expected }: Put,
): Promise<Cached<KubeObject>> {
  try {
    return await collection.put(key, state, { expected });
  } catch (error) {
    if (!isStoreTooLarge(error) || patchType === 'apply' || !state.metadata?.managedFields) throw error;
    const { managedFields: _, ...metadata } = state.metadata;
    return collection.put(key, { ...state, metadata }, { expected });
  }
}
