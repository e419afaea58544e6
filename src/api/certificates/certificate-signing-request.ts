import { column, defineResource } from '../define.ts';
import { NONE } from '../meta/cells.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import { humanDuration } from '../meta/duration.ts';
import type { CertificateSigningRequest } from '../schema/generated/types.ts';
import { certificateSigningRequestHooks } from './certificate-signing-request-hooks.ts';

/** `Approved,Issued`: the decision, then what came of it. */
function conditionCell({ status }: CertificateSigningRequest): string {
  const has = (type: string) => status?.conditions?.some((c) => c.type === type) ?? false;
  const decision = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  return [decision, ...(has('Failed') ? ['Failed'] : []), ...(status?.certificate ? ['Issued'] : [])].join(',');
}

const durationCell = ({ spec }: CertificateSigningRequest): string =>
  spec?.expirationSeconds === undefined ? NONE : humanDuration(spec.expirationSeconds * 1000);

export const certificateSigningRequests = defineResource<CertificateSigningRequest>({
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  scope: 'Cluster',
  nameRule: 'path',
  shortNames: ['csr'],
  subresources: { approval: { kind: 'custom', verbs: ['get', 'patch', 'update'] }, status: { kind: 'status' } },
  unowned: { '': ['spec'], status: ['status.conditions'] },
  fieldSelectors: { 'spec.signerName': (csr) => csr.spec?.signerName ?? '' },
  columns: [
    nameColumn,
    ageColumn,
    column('SignerName', 'string', (csr) => csr.spec?.signerName || NONE, { of: 'CertificateSigningRequestSpec.signerName' }),
    column('Requestor', 'string', (csr) => csr.spec?.username ?? '', { of: 'CertificateSigningRequestSpec.request' }),
    column('RequestedDuration', 'string', durationCell, { of: 'CertificateSigningRequestSpec.expirationSeconds' }),
    column('Condition', 'string', conditionCell, { of: 'CertificateSigningRequestStatus.conditions' }),
  ],
  hooks: certificateSigningRequestHooks,
});
