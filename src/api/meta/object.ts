import type { ObjectMeta, OwnerReference } from '../schema/generated/types.ts';

export type { LabelSelector, ListMeta, ObjectMeta, OwnerReference } from '../schema/generated/types.ts';

/** What every object of the API has. `name` is set on all objects that were read from the server. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
}

/** An object as the server hands it out: type, name and metadata are there. */
export type Live<T extends KubeObject> = Readonly<
  Omit<T, 'metadata' | 'apiVersion' | 'kind'> & {
    apiVersion: string;
    kind: string;
    metadata: ObjectMeta & { name: string; uid: string; resourceVersion: string; creationTimestamp: string };
  }
>;

export interface KubeList<T = KubeObject> {
  apiVersion: string;
  kind: string;
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: T[];
}

/** `namespace/name`, or `name` for cluster-scoped objects: how informers, work queues and logs call an object. */
export const objectKey = (object: KubeObject): string => {
  const { namespace, name = '' } = object.metadata ?? {};
  return namespace ? `${namespace}/${name}` : name;
};

export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The owner whose controller manages the object; there is at most one. */
export const controllerOf = ({ metadata }: Pick<KubeObject, 'metadata'>): OwnerReference | undefined =>
  metadata?.ownerReferences?.find(({ controller }) => controller);
