/** The node that a user's token is bound to, among his extra attributes. */
export const NODE_NAME = 'authentication.kubernetes.io/node-name';

/** The service account that is a user of this name. */
export function serviceAccountOf(name: string): { readonly namespace: string; readonly name: string } | undefined {
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name) ?? [];
  return namespace && account ? { namespace, name: account } : undefined;
}
