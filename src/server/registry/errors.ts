import type { ResourceDefinition } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError, qualifiedResource, type StatusDetails } from '../../api/meta/status.ts';

type Named = Pick<ResourceDefinition, 'group' | 'plural'>;

const details = (resource: Named, name: string): StatusDetails => ({
  name,
  ...(resource.group && { group: resource.group }),
  kind: resource.plural,
});

export const badRequest = (message: string): ApiError => new ApiError('BadRequest', message);

/** 500 as upstream words it. */
export const internalError = (message: string): ApiError =>
  new ApiError('InternalError', `Internal error occurred: ${message}`, { details: { causes: [{ message }] } });

/** 500 without a reason, as upstream answers where its code returns a plain error. */
export const unknownError = (message: string): ApiError => new ApiError('InternalError', message, { statedReason: '' });

/** What is of no kind, sent as an object of one: says why, and shows how the body begins. */
export const unrecognized = (kind: string, why: string, body: string): ApiError =>
  badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(body)})`);

/** What cannot be read as any object. */
export const unreadable = (kind: string, why: string, body: string): ApiError =>
  unrecognized(kind, `couldn't get version/kind; json parse error: ${why}`, body);

/** The same of DeleteOptions, which are no object. */
export const unreadableOptions = (why: string): ApiError => badRequest(`couldn't get version/kind; json parse error: ${why}`);

const SUMMARY_BYTES = 30;

function summary(body: string): string {
  if (body === '') return '<empty>';
  const bytes = Buffer.from(body);
  const part = bytes.subarray(0, SUMMARY_BYTES);
  return `${body.startsWith('{') ? part.toString() : part.toString('hex')}${bytes.length > SUMMARY_BYTES ? ' ...' : ''}`;
}

/** Whoever waits for `existing` to go learns that it is going. */
export function alreadyExists(resource: Named, name: string, existing?: KubeObject): ApiError {
  const going = existing?.metadata?.deletionTimestamp ? 'object is being deleted: ' : '';
  return new ApiError('AlreadyExists', `${going}${qualifiedResource(resource.plural, resource.group)} "${name}" already exists`, {
    details: details(resource, name),
  });
}

export const conflict = (resource: Named, name: string, why: string): ApiError =>
  new ApiError('Conflict', `Operation cannot be fulfilled on ${qualifiedResource(resource.plural, resource.group)} "${name}": ${why}`, {
    details: details(resource, name),
  });

/** Optimistic concurrency: somebody else wrote in between. */
export const modified = (resource: Named, name: string): ApiError =>
  conflict(resource, name, 'the object has been modified; please apply your changes to the latest version and try again');

export const forbiddenBecause = (resource: Named, name: string, why: string, causes?: StatusDetails['causes']): ApiError =>
  new ApiError('Forbidden', `${qualifiedResource(resource.plural, resource.group)} "${name}" is forbidden: ${why}`, {
    details: { ...details(resource, name), ...(causes && { causes }) },
  });

/** No such resource, subresource or path. */
export const noSuchResource = (): ApiError => new ApiError('NotFound', 'the server could not find the requested resource', { details: {} });

export const methodNotAllowed = (): ApiError =>
  new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource', { details: {} });

/** The same of custom resources. apierrors.NewMethodNotSupported. */
export const notSupported = ({ plural, group }: Named, verb: string): ApiError =>
  new ApiError('MethodNotAllowed', `${verb} is not supported on resources of kind "${qualifiedResource(plural, group)}"`, {
    details: { group, kind: plural },
  });

/** What is not built yet says so. */
export const notBuilt = (what: string): ApiError => new ApiError('NotImplemented', `${what} is not built yet in this server`);
