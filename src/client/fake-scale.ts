import type { ResourceDefinition } from '../api/define.ts';
import type { KubeObject, LabelSelector } from '../api/meta/object.ts';
import { formatLabelSelector } from '../api/meta/selectors.ts';
import { ApiError } from '../api/meta/status.ts';

type Fields = Record<string, unknown>;
type Scale = KubeObject & { spec?: { replicas?: number } };

const read = (object: unknown, path: string): unknown =>
  path
    .split('.')
    .filter(Boolean)
    .reduce<unknown>((value, field) => (value as Fields | undefined)?.[field], object);

function pathsOf(resource: ResourceDefinition) {
  const { scale } = resource.subresources;
  if (scale?.kind !== 'scale') throw new ApiError('NotFound', 'the server could not find the requested resource');
  return scale;
}

/** The Scale of an object of the fake cluster. Throws NotFound for kinds without one. */
export function fakeScaleOf(resource: ResourceDefinition, object: KubeObject): Scale {
  const paths = pathsOf(resource);
  const { name, namespace, uid, resourceVersion } = object.metadata ?? {};
  const selector = formatLabelSelector(read(object, paths.selector) as LabelSelector | undefined);
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name, namespace, uid, resourceVersion },
    spec: { replicas: Number(read(object, paths.specReplicas) ?? 0) },
    status: { replicas: Number(read(object, paths.statusReplicas) ?? 0), ...(selector && { selector }) },
  } as Scale;
}

/** The object in the size that a Scale wants; sent with the Scale's version, so that a stale one is a conflict. */
export function withFakeScale(resource: ResourceDefinition, object: KubeObject, scale: Scale): KubeObject {
  const path = pathsOf(resource).specReplicas.split('.').filter(Boolean);
  const copy = structuredClone(object) as KubeObject & Fields;
  const parent = read(copy, path.slice(0, -1).join('.')) as Fields;
  parent[path.at(-1) ?? ''] = scale.spec?.replicas ?? 0;
  return { ...copy, metadata: { ...copy.metadata, resourceVersion: scale.metadata?.resourceVersion } };
}
