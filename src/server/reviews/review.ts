import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError } from '../../api/meta/status.ts';
import type { ApiRequest } from '../../api/transport.ts';
import type { RequestContext } from '../ports.ts';

/** Answers `create` of a kind that is never stored. */
export type VirtualHandler = (request: ApiRequest, context: RequestContext) => Promise<KubeObject>;

/** The sent object; everything but its status is echoed in the answer. */
export function bodyOf<T extends KubeObject>(request: ApiRequest): T {
  const { body } = request;
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new ApiError('BadRequest', 'the body of the request must be an object');
  return body as T;
}

export const answer = (request: ApiRequest, kind: string, sent: KubeObject, status: object): KubeObject =>
  ({ ...sent, apiVersion: `${request.group}/${request.version}`, kind, metadata: { ...sent.metadata }, status }) as KubeObject;
