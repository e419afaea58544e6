import type { CertificateSigningRequest } from '../../../api/schema/generated/types.ts';
import { describeCsr } from '../../pki/csr.ts';
import type { AdmissionPlugin } from '../../ports.ts';
import { isAbout, refusal } from '../request.ts';

const SIGNER = 'kubernetes.io/kube-apiserver-client';

/** Nobody becomes system:masters by a certificate that the API signs. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  async validate(admission) {
    if (admission.operation !== 'CREATE' || !isAbout(admission, 'certificatesigningrequests', 'certificates.k8s.io')) return;
    const { spec } = admission.object as CertificateSigningRequest;
    if (spec.signerName !== SIGNER) return;
    const { organizations } = await describeCsr(atob(spec.request)).catch((error: Error) => {
      throw refusal(admission, `failed to parse CSR: ${error.message}`);
    });
    if (organizations.includes('system:masters')) {
      throw refusal(admission, `use of ${SIGNER} signer with system:masters group is not allowed`);
    }
  },
};
