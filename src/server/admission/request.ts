import { type ApiError, notFound, type StatusCause } from '../../api/meta/status.ts';
import type { Namespace } from '../../api/schema/generated/types.ts';
import type { AdmissionRequest, ObjectReader } from '../ports.ts';
import { forbiddenBecause } from '../registry/errors.ts';

/** Is this a request on the resource (`pods`, `ingresses` of `networking.k8s.io`) or, when one is named, on its subresource? */
export const isAbout = ({ request }: AdmissionRequest, resource: string, group = '', subresource = ''): boolean =>
  request.resource === resource && request.group === group && (request.subresource ?? '') === subresource;

export const isWrite = ({ operation }: AdmissionRequest): boolean => operation === 'CREATE' || operation === 'UPDATE';

/** 403 as upstream's admission words it: `pods "x" is forbidden: …`. The subresource is not named. */
export function refusal({ request, object }: AdmissionRequest, why: string, causes?: StatusCause[]): ApiError {
  const name = request.name || object?.metadata?.name || object?.metadata?.generateName || 'Unknown';
  return forbiddenBecause({ group: request.group, plural: request.resource }, name, why, causes);
}

/** Throws NotFound. */
export function namespaceOf(objects: ObjectReader, name: string): Namespace {
  const found = objects.get<Namespace>('namespaces', '', name);
  if (!found) throw notFound({ group: '', plural: 'namespaces' }, name);
  return found;
}
