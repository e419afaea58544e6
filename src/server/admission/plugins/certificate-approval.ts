import type { CertificateSigningRequest } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin, Authorizer } from '../../ports.ts';
import { isAbout, refusal } from '../request.ts';
import { mayActForSigner } from '../signer-permission.ts';

/** Approving and denying needs the verb `approve` on the signer. */
export const certificateApproval = (authorizer: Authorizer): AdmissionPlugin => ({
  name: 'CertificateApproval',
  async validate(admission) {
    if (admission.operation !== 'UPDATE') return;
    if (!isAbout(admission, 'certificatesigningrequests', 'certificates.k8s.io', 'approval')) return;
    const { signerName } = (admission.old as CertificateSigningRequest).spec;
    if (await mayActForSigner(authorizer, admission.context.user, 'approve', signerName)) return;
    throw refusal(admission, `user not permitted to approve requests with signerName "${signerName}"`);
  },
});
