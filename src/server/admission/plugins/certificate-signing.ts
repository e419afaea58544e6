import { equalJson } from '../../../api/meta/equal-json.ts';
import type { CertificateSigningRequest } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin, Authorizer } from '../../ports.ts';
import { isAbout, refusal } from '../request.ts';
import { mayActForSigner } from '../signer-permission.ts';

/** Giving out the certificate, or saying that it failed, needs the verb `sign` on the signer. */
export const certificateSigning = (authorizer: Authorizer): AdmissionPlugin => ({
  name: 'CertificateSigning',
  async validate(admission) {
    if (admission.operation !== 'UPDATE') return;
    if (!isAbout(admission, 'certificatesigningrequests', 'certificates.k8s.io', 'status')) return;
    const { status } = admission.object as CertificateSigningRequest;
    const old = admission.old as CertificateSigningRequest;
    if (status?.certificate === old.status?.certificate && equalJson(status?.conditions, old.status?.conditions)) return;
    const { signerName } = old.spec;
    if (await mayActForSigner(authorizer, admission.context.user, 'sign', signerName)) return;
    throw refusal(admission, `user not permitted to sign requests with signerName "${signerName}"`);
  },
});
