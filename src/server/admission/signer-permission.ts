import type { Authorizer, UserInfo } from '../ports.ts';

/** May the user `approve` or `sign` for the signer: by its name, or by `<domain>/*` (Kubernetes: "Certificate Signing Requests", authorization). */
export async function mayActForSigner(authorizer: Authorizer, user: UserInfo, verb: string, signerName: string): Promise<boolean> {
  const about = { group: 'certificates.k8s.io', version: '*', resource: 'signers', subresource: '', namespace: '' };
  const may = async (name: string) => (await authorizer({ user, verb, ...about, name })).allowed;
  return (await may(signerName)) || may(`${signerName.split('/')[0]}/*`);
}
