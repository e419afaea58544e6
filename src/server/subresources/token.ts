import { invalid, invalidObject } from '../../api/meta/field-error.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError, notFound } from '../../api/meta/status.ts';
import type { AuthenticationV1TokenRequest, BoundObjectReference, Node, Pod, ServiceAccount } from '../../api/schema/generated/types.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { type Clock, rfc3339 } from '../../base/clock.ts';
import type { KubernetesClaims, ObjectIdentity, ServiceAccountTokens } from '../authn/service-account-token.ts';
import { nodeNameOf } from '../authz/node.ts';
import type { ObjectReader, RequestContext } from '../ports.ts';

const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;

export interface TokenHandlerOptions {
  readonly reader: ObjectReader;
  readonly tokens: ServiceAccountTokens;
  readonly clock: Clock;
}

/** `POST …/serviceaccounts/<name>/token`: signs a token for the account, bound to the object that the request names (KEP-1205). */
export function tokenHandler({ reader, tokens, clock }: TokenHandlerOptions) {
  return async (request: ApiRequest, context: RequestContext): Promise<KubeObject> => {
    const { namespace = '', name = '' } = request;
    const account = reader.get<ServiceAccount>('serviceaccounts', namespace, name);
    if (!account?.metadata?.uid) throw notFound({ plural: 'serviceaccounts', group: '' }, name);
    const asked = (request.body ?? {}) as AuthenticationV1TokenRequest;
    const expirationSeconds = checkedSeconds(asked, name);
    const audiences = asked.spec?.audiences?.length ? asked.spec.audiences : [tokens.issuer];
    const boundTo = asked.spec?.boundObjectRef;
    const kubernetes: KubernetesClaims = {
      namespace,
      serviceaccount: { name, uid: account.metadata.uid },
      ...(boundTo && boundClaims(reader, namespace, name, boundTo)),
    };
    checkNode(context, kubernetes);
    const status =
      request.options?.dryRun === true
        ? { token: '', expirationTimestamp: rfc3339(clock.now() + expirationSeconds * 1000) }
        : await tokens
            .issue({ audiences, expirationSeconds, kubernetes })
            .then(({ token, expiresMs }) => ({ token, expirationTimestamp: rfc3339(expiresMs) }));
    return {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { name, namespace, creationTimestamp: rfc3339(clock.now()) },
      spec: { audiences, expirationSeconds, ...(boundTo && { boundObjectRef: boundTo }) },
      status,
    } as KubeObject;
  };
}

function checkedSeconds(asked: AuthenticationV1TokenRequest, name: string): number {
  const seconds = asked.spec?.expirationSeconds ?? DEFAULT_SECONDS;
  const path = 'spec.expirationSeconds';
  const refuse = (detail: string) => invalidObject('TokenRequest', 'authentication.k8s.io', name, [invalid(path, seconds, detail)]);
  if (!Number.isInteger(seconds)) throw refuse('must be a whole number of seconds');
  if (seconds < MIN_SECONDS) throw refuse('may not specify a duration less than 10 minutes');
  if (seconds > MAX_SECONDS) throw refuse('may not specify a duration larger than 2^32 seconds');
  return seconds;
}

type Bound = Pick<KubernetesClaims, 'pod' | 'secret' | 'node'>;

function boundClaims(reader: ObjectReader, namespace: string, account: string, ref: BoundObjectReference): Bound {
  const kind = ref.apiVersion === undefined || ref.apiVersion === 'v1' ? ref.kind : undefined;
  switch (kind) {
    case 'Pod': {
      const [pod, who] = resolve<Pod>(reader, 'pods', namespace, ref);
      if ((pod.spec?.serviceAccountName || 'default') !== account) {
        throw new ApiError(
          'BadRequest',
          `cannot bind token for serviceaccount "${account}" to pod running with different serviceaccount name.`,
        );
      }
      const nodeName = pod.spec?.nodeName;
      if (!nodeName) return { pod: who };
      const uid = reader.get<Node>('nodes', '', nodeName)?.metadata?.uid;
      return { pod: who, node: uid ? { name: nodeName, uid } : { name: nodeName } };
    }
    case 'Secret':
      return { secret: resolve(reader, 'secrets', namespace, ref)[1] };
    case 'Node':
      return { node: resolve(reader, 'nodes', '', ref)[1] };
    default:
      throw new ApiError('BadRequest', `cannot bind token to object of type ${ref.apiVersion ?? ''}, Kind=${ref.kind ?? ''}`);
  }
}

function resolve<T extends KubeObject>(
  reader: ObjectReader,
  plural: string,
  namespace: string,
  ref: BoundObjectReference,
): [T, ObjectIdentity] {
  const name = ref.name ?? '';
  const object = reader.get<T>(plural, namespace, name);
  const uid = object?.metadata?.uid;
  if (!object || !uid) throw notFound({ plural, group: '' }, name);
  if (ref.uid && ref.uid !== uid) {
    const why = `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw new ApiError('Conflict', `Operation cannot be fulfilled on ${plural} "${name}": ${why}`, { details: { name, kind: plural } });
  }
  return [object, { name, uid }];
}

/** Upstream's NodeRestriction: an agent gets tokens only for pods that run on its own node. */
function checkNode(context: RequestContext, { pod, node }: KubernetesClaims): void {
  const asking = nodeNameOf(context.user);
  if (asking === undefined) return;
  if (!pod) throw new ApiError('Forbidden', `node "${asking}" can only request tokens that are bound to a pod`);
  if (node?.name !== asking) throw new ApiError('Forbidden', `node "${asking}" can only request tokens for pods that run on it`);
}
