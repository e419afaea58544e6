import type { KubeObject } from '../../api/meta/object.ts';
import type { ObjectReader, UserInfo } from '../ports.ts';
import type { ObjectIdentity, TokenClaims } from './service-account-token.ts';

/** Objects that are being deleted still vouch for their tokens this long, as upstream has it: their last clean-up may need it. */
const DELETION_LEEWAY_MS = 60_000;
const EXTRA = 'authentication.kubernetes.io';

/** Who a checked token stands for, or undefined when what it is bound to is gone. Asked on every request: it is a few map look-ups. */
export function serviceAccountUser(reader: ObjectReader, claims: TokenClaims, nowMs: number): UserInfo | undefined {
  const { namespace, serviceaccount, pod, secret, node } = claims.kubernetes;
  const lives = (resource: string, home: string, who: ObjectIdentity) => isAlive(reader.get(resource, home, who.name), who.uid, nowMs);
  if (!lives('serviceaccounts', namespace, serviceaccount)) return undefined;
  if (pod && !lives('pods', namespace, pod)) return undefined;
  if (secret && !lives('secrets', namespace, secret)) return undefined;
  // With a pod the node is only information; alone it is what the token is bound to.
  if (node && !pod && !lives('nodes', '', { uid: '', ...node })) return undefined;
  return {
    name: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
    uid: serviceaccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    extra: extraOf(claims),
  };
}

function isAlive(object: KubeObject | undefined, uid: string, nowMs: number): boolean {
  if (object?.metadata?.uid !== uid) return false;
  const { deletionTimestamp } = object.metadata;
  return !deletionTimestamp || Date.parse(deletionTimestamp) + DELETION_LEEWAY_MS > nowMs;
}

function extraOf({ jti, kubernetes: { pod, node } }: TokenClaims): Record<string, string[]> {
  const extra: Record<string, string[]> = {};
  const add = (key: string, value: string | undefined) => {
    if (value) extra[`${EXTRA}/${key}`] = [value];
  };
  add('credential-id', jti && `JTI=${jti}`);
  add('pod-name', pod?.name);
  add('pod-uid', pod?.uid);
  add('node-name', node?.name);
  add('node-uid', node && 'uid' in node ? node.uid : undefined);
  return extra;
}
