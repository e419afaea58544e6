import { invalid, invalidObject } from '../../../api/meta/field-error.ts';
import type { CertificateSigningRequest } from '../../../api/schema/generated/types.ts';
import { describeCsr } from '../../pki/csr.ts';
import type { AdmissionPlugin } from '../../ports.ts';
import { isAbout } from '../request.ts';

/** A request for a certificate can be read when it is made, whoever is to sign it (upstream: certificates validation). The library that reads it is loaded then. */
export const certificateRequest: AdmissionPlugin = {
  name: 'CertificateRequest',
  async validate(admission) {
    if (admission.operation !== 'CREATE' || !isAbout(admission, 'certificatesigningrequests', 'certificates.k8s.io')) return;
    const { spec, metadata } = admission.object as CertificateSigningRequest;
    await describeCsr(atob(spec.request)).catch((error: Error) => {
      const finding = invalid('spec.request', spec.request, error.message);
      throw invalidObject('CertificateSigningRequest', 'certificates.k8s.io', metadata?.name ?? '', [finding]);
    });
  },
};
