import { defineResource, type ResourceDefinition } from '../../api/define.ts';
import { type FieldError, invalid, invalidObject } from '../../api/meta/field-error.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError, notFound } from '../../api/meta/status.ts';
import type { AuthenticationV1TokenRequest, BoundObjectReference, Node, Pod, ServiceAccount } from '../../api/schema/generated/types.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { type Clock, rfc3339 } from '../../base/clock.ts';
import type { KubernetesClaims, ObjectIdentity } from '../authn/service-account-claims.ts';
import type { ServiceAccountTokens } from '../authn/service-account-token.ts';
import type { ObjectReader, RequestContext } from '../ports.ts';
import { noteOwnership } from '../registry/field-ownership.ts';
import type { CustomSubresourceHandler } from '../registry/registry.ts';
import { sentObject } from './sent.ts';

const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;
/** What the ServiceAccount admission plugin asks for: such tokens may live on, since old clients read theirs once. */
const PROJECTED_SECONDS = 3607;
const EXTENDED_SECONDS = 365 * 24 * 3600;

export interface TokenHandlerOptions {
  readonly reader: ObjectReader;
  readonly tokens: ServiceAccountTokens;
  /** Of tokens that ask for none. */
  readonly apiAudiences: readonly string[];
  /** Longer wishes are shortened, with a warning. Absent: 2^32 seconds. */
  readonly maxExpirationSeconds?: number;
  /** Let tokens that pods get by default live a year, for clients that do not read the new one every hour. */
  readonly extendExpiration: boolean;
  readonly clock: Clock;
}

const TOKEN_REQUEST = defineResource<AuthenticationV1TokenRequest>({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenRequest',
  plural: 'tokenrequests',
  scope: 'Namespaced',
  schema: 'AuthenticationV1TokenRequest',
});

/** `POST …/serviceaccounts/<name>/token`: signs a token for the account, bound to the object that the request names (KEP-1205). */
export function tokenHandler(options: TokenHandlerOptions) {
  const { reader, tokens, clock } = options;
  return async (request: ApiRequest, context: RequestContext): Promise<KubeObject> => {
    const { namespace = '', name = '' } = request;
    const asked = (request.body ?? {}) as AuthenticationV1TokenRequest;
    checkNames(asked, namespace, name);
    const account = reader.get<ServiceAccount>('serviceaccounts', namespace, name);
    if (!account?.metadata?.uid) throw notFound({ plural: 'serviceaccounts', group: '' }, name);
    const uid = asked.metadata?.uid;
    if (uid && uid !== account.metadata.uid) throw uidConflict(name, uid, account.metadata.uid);
    const wanted = checkedSeconds(asked);
    const audiences = asked.spec?.audiences?.length ? asked.spec.audiences : options.apiAudiences;
    const boundTo = asked.spec?.boundObjectRef;
    const bound = boundTo ? boundClaims(reader, namespace, name, boundTo) : {};
    const kubernetes: KubernetesClaims = { namespace, serviceaccount: { name, uid: account.metadata.uid }, ...bound };
    const expirationSeconds = shortened(wanted, options.maxExpirationSeconds, context);
    const nowMs = clock.now();
    const life = lifeOf({
      expirationSeconds,
      isExtended: options.extendExpiration && isPodDefault(kubernetes, audiences, wanted, options),
    });
    const claims = life.warns ? { ...kubernetes, warnafter: Math.floor(nowMs / 1000) + expirationSeconds } : kubernetes;
    // Signing changes nothing: a dry run gets its token as well.
    const { token } = await tokens.issue({ audiences, expirationSeconds: life.seconds, kubernetes: claims });
    return {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {
        name,
        namespace,
        uid: account.metadata.uid,
        creationTimestamp: rfc3339(nowMs),
        ...(asked.metadata?.managedFields && { managedFields: asked.metadata.managedFields }),
      },
      spec: { audiences, expirationSeconds, boundObjectRef: boundTo ?? null },
      status: { token, expirationTimestamp: rfc3339(nowMs + expirationSeconds * 1000) },
    } as KubeObject;
  };
}

/** Reads what is asked for as every object is, before `handler` is asked; who asked owns its fields. */
export function readFirst(handler: CustomSubresourceHandler): CustomSubresourceHandler {
  return async (request, context, deps) => {
    const asked = sentObject(TOKEN_REQUEST, request, context, deps);
    asked.spec = { ...asked.spec, expirationSeconds: asked.spec?.expirationSeconds ?? DEFAULT_SECONDS };
    const definition = TOKEN_REQUEST as unknown as ResourceDefinition;
    await noteOwnership({ deps, definition, request, context, subresource: 'token' }, asked, undefined);
    return handler({ ...request, body: asked }, context, deps);
  };
}

const refused = (name: string, error: FieldError) => invalidObject('TokenRequest', 'authentication.k8s.io', name, [error]);

/** What the body says of name and namespace is what the URL says. */
function checkNames({ metadata }: AuthenticationV1TokenRequest, namespace: string, name: string): void {
  if (metadata?.name && metadata.name !== name)
    throw refused(name, invalid('metadata.name', metadata.name, 'must match the service account name if specified'));
  if (metadata?.namespace && metadata.namespace !== namespace)
    throw new ApiError('BadRequest', 'the namespace of the provided object does not match the namespace sent on the request');
}

function uidConflict(name: string, asked: string, stored: string): ApiError {
  const why = `the UID in the token request (${asked}) does not match the UID of the service account (${stored})`;
  return new ApiError('Conflict', `Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "${name}": ${why}`, {
    details: { name, group: 'authentication.k8s.io', kind: 'TokenRequest' },
  });
}

function checkedSeconds({ spec }: AuthenticationV1TokenRequest): number {
  const seconds = spec?.expirationSeconds ?? DEFAULT_SECONDS;
  const refuse = (detail: string) => refused('', invalid('spec.expirationSeconds', seconds, detail));
  if (!Number.isInteger(seconds)) throw refuse('must be a whole number of seconds');
  if (seconds < MIN_SECONDS) throw refuse('may not specify a duration less than 10 minutes');
  if (seconds > MAX_SECONDS) throw refuse('may not specify a duration larger than 2^32 seconds');
  return seconds;
}

function shortened(seconds: number, most: number | undefined, { warn }: RequestContext): number {
  if (most === undefined || seconds <= most) return seconds;
  warn(`requested expiration of ${seconds} seconds shortened to ${most} seconds`);
  return most;
}

/** A token for the API as every pod gets it without asking. */
const isPodDefault = (
  { pod }: KubernetesClaims,
  audiences: readonly string[],
  seconds: number,
  { apiAudiences }: TokenHandlerOptions,
): boolean => pod !== undefined && seconds === PROJECTED_SECONDS && audiences.every((audience) => apiAudiences.includes(audience));

const lifeOf = ({ expirationSeconds, isExtended }: { expirationSeconds: number; isExtended: boolean }) =>
  isExtended ? { seconds: Math.max(EXTENDED_SECONDS, expirationSeconds), warns: true } : { seconds: expirationSeconds, warns: false };

type Bound = Pick<KubernetesClaims, 'pod' | 'secret' | 'node'>;

function boundClaims(reader: ObjectReader, namespace: string, account: string, ref: BoundObjectReference): Bound {
  const isCore = ref.apiVersion === undefined || !ref.apiVersion.includes('/');
  switch (isCore ? ref.kind : undefined) {
    case 'Pod': {
      const [pod, who] = resolve<Pod>(reader, 'pods', namespace, ref);
      if ((pod.spec?.serviceAccountName || 'default') !== account) {
        throw new ApiError(
          'BadRequest',
          `cannot bind token for serviceaccount "${account}" to pod running with different serviceaccount name.`,
        );
      }
      checkUid(ref, who);
      const nodeName = pod.spec?.nodeName;
      if (!nodeName) return { pod: who };
      const uid = reader.get<Node>('nodes', '', nodeName)?.metadata?.uid;
      return { pod: who, node: uid ? { name: nodeName, uid } : { name: nodeName } };
    }
    case 'Secret':
      return { secret: checkUid(ref, resolve(reader, 'secrets', namespace, ref)[1]) };
    case 'Node':
      return { node: checkUid(ref, resolve(reader, 'nodes', '', ref)[1]) };
    default:
      throw new ApiError('BadRequest', `cannot bind token to object of type ${gvkText(ref)}`);
  }
}

/** Go's GroupVersionKind.String(): `apps/v1, Kind=Deployment`. */
function gvkText({ apiVersion = '', kind = '' }: BoundObjectReference): string {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return `${group}/${version}, Kind=${kind}`;
}

function resolve<T extends KubeObject>(
  reader: ObjectReader,
  plural: string,
  namespace: string,
  ref: BoundObjectReference,
): [T, ObjectIdentity] {
  const name = ref.name ?? '';
  if (name === '') throw new ApiError('BadRequest', 'Name parameter required.');
  const object = reader.get<T>(plural, namespace, name);
  const uid = object?.metadata?.uid;
  if (!object || !uid) throw notFound({ plural, group: '' }, name);
  return [object, { name, uid }];
}

function checkUid(ref: BoundObjectReference, who: ObjectIdentity): ObjectIdentity {
  if (!ref.uid || ref.uid === who.uid) return who;
  const why = `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
  throw new ApiError('Conflict', `Operation cannot be fulfilled on ${ref.kind} "${who.name}": ${why}`, {
    details: { name: who.name, kind: ref.kind },
  });
}
