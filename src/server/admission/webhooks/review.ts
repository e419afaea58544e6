import type { ResourceDefinition } from '../../../api/define.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import type { DeleteOptions } from '../../../api/transport.ts';
import type { AdmissionRequest } from '../../ports.ts';
import { type Equivalents, type GroupVersionKind, kindAt } from '../matching/equivalents.ts';
import { ruleSubject } from '../matching/match.ts';

/** A request in the group and version that a webhook's rules name. */
export interface Versioned {
  readonly own: ResourceDefinition;
  readonly asked: ResourceDefinition;
  readonly object: KubeObject | undefined;
  readonly old: KubeObject | undefined;
}

/** Subresources with kinds of their own (Scale) are the same in every version. */
export async function versioned(
  { request, object, old }: AdmissionRequest,
  own: ResourceDefinition,
  asked: ResourceDefinition,
  equivalents: Pick<Equivalents, 'convert'>,
): Promise<Versioned> {
  if (own === asked || !isWhole(own, request.subresource)) return { own, asked, object, old };
  const convert = (value: KubeObject | undefined) => value && equivalents.convert(value, own, asked);
  const [converted, convertedOld] = await Promise.all([convert(object), convert(old)]);
  return { own, asked, object: converted, old: convertedOld };
}

/** Does the whole object travel, as for the object itself, its status and the like? */
export function isWhole(definition: ResourceDefinition, subresource = ''): boolean {
  const { group, version, kind } = kindAt(definition, subresource);
  return group === definition.group && version === definition.version && kind === definition.kind;
}

const REVIEW_VERSIONS = ['v1', 'v1beta1'] as const;

/** The first version of AdmissionReview that the webhook names and that exists. */
export const reviewVersion = (accepted: readonly string[]): 'v1' | 'v1beta1' | undefined =>
  accepted.map((version) => REVIEW_VERSIONS.find((known) => known === version)).find((version) => version !== undefined);

/** An AdmissionReview as upstream sends it (k8s.io/api/admission/v1). */
export function admissionReview(admission: AdmissionRequest, as: Versioned, { uid, version }: { uid: string; version: string }): object {
  const { options, dryRun, ...about } = reviewedRequest(admission, as);
  return {
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${version}`,
    request: { uid, ...about, object: as.object ?? null, oldObject: as.old ?? null, dryRun, options },
  };
}

/** What a review says of a request, without the objects: expressions have these apart. */
export function reviewedRequest(admission: AdmissionRequest, { own, asked }: Versioned) {
  const { operation, request, context } = admission;
  const { subresource } = request;
  const { name, namespace } = ruleSubject(operation, request, admission.object);
  const { name: username, uid: userUid, groups, extra } = context.user;
  const resourceOf = ({ group, version, plural }: ResourceDefinition) => ({ group, version, resource: plural });
  return {
    kind: ordered(kindAt(asked, subresource ?? '')),
    resource: resourceOf(asked),
    ...(subresource && { subResource: subresource }),
    requestKind: ordered(kindAt(own, subresource ?? '')),
    requestResource: resourceOf(own),
    ...(subresource && { requestSubResource: subresource }),
    ...(name && { name }),
    ...(namespace && { namespace }),
    operation,
    userInfo: { username, ...(userUid && { uid: userUid }), groups, ...(extra && Object.keys(extra).length > 0 && { extra }) },
    dryRun: isDryRun(admission),
    options: optionsOf(admission),
  };
}

const ordered = ({ group, version, kind }: GroupVersionKind) => ({ group, version, kind });

export const isDryRun = ({ operation, request }: AdmissionRequest): boolean =>
  request.options?.dryRun === true ||
  (operation === 'DELETE' && ((request.body as DeleteOptions | undefined)?.dryRun?.includes('All') ?? false));

const OPTIONS = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' } as const;

/** CreateOptions, UpdateOptions (of patches as well) or DeleteOptions, as the client gave them; CONNECT has none. */
function optionsOf(admission: AdmissionRequest): object | null {
  const { operation, request } = admission;
  if (operation === 'CONNECT') return null;
  const type = { kind: OPTIONS[operation], apiVersion: 'meta.k8s.io/v1' };
  const dryRun = isDryRun(admission) ? { dryRun: ['All'] } : {};
  if (operation === 'DELETE') {
    const { kind: _, apiVersion: __, ...given } = (request.body ?? {}) as DeleteOptions & { kind?: string; apiVersion?: string };
    return { ...type, ...given, ...dryRun };
  }
  const { fieldManager, fieldValidation } = request.options ?? {};
  return { ...type, ...dryRun, ...(fieldManager && { fieldManager }), ...(fieldValidation && { fieldValidation }) };
}
