import { defineResource } from '../define.ts';
import type { CertificateSigningRequest } from '../schema/generated/types.ts';

export const certificateSigningRequests = defineResource<CertificateSigningRequest>({
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  scope: 'Cluster',
  shortNames: ['csr'],
  subresources: { approval: { kind: 'custom', verbs: ['get', 'patch', 'update'] }, status: { kind: 'status' } },
  fieldSelectors: { 'spec.signerName': (csr) => csr.spec?.signerName ?? '' },
});
