import { dns1123LabelFindings, dns1123SubdomainFindings } from '../../api/meta/names.ts';
/** The node that a user's token is bound to, among his extra attributes. */
export const NODE_NAME = 'authentication.kubernetes.io/node-name';

/** The service account that is a user of this name. */
export function serviceAccountOf(name: string): { readonly namespace: string; readonly name: string } | undefined {
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name) ?? [];
  const valid = namespace && account && dns1123LabelFindings(namespace).length === 0 && dns1123SubdomainFindings(account).length === 0;
  return valid ? { namespace, name: account } : undefined;
}
