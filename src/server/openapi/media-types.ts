import type { ResourceDefinition } from '../../api/define.ts';

const OBJECT_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const STREAM_TYPES = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
const PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];

/** Of text and streams, whose type depends on what runs in the pod, and of bodies, whose type depends on the client. */
export const ANY_TYPE = ['*/*'];
export const LOG_TYPES = ['text/plain', ...OBJECT_TYPES];
export const DISCOVERY_TYPES = OBJECT_TYPES;

/** Custom resources have no protobuf form and no strategic merge. */
const isForCustom = (type: string) => !type.includes('protobuf') && !type.includes('strategic');
const forKind = (types: readonly string[], { structural }: ResourceDefinition) => (structural ? types.filter(isForCustom) : types);

export const objectTypes = (resource: ResourceDefinition): readonly string[] => forKind(OBJECT_TYPES, resource);
/** What may be sent. */
export const bodyTypes = (resource: ResourceDefinition): readonly string[] => (resource.structural ? objectTypes(resource) : ANY_TYPE);
/** Of lists of built-in kinds, which may be watched as well. */
export const LIST_TYPES = [...OBJECT_TYPES, ...STREAM_TYPES];
export const patchTypes = (resource: ResourceDefinition): readonly string[] => forKind(PATCH_TYPES, resource);
