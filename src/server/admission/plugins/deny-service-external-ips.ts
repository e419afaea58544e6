import type { Service } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin } from '../../ports.ts';
import { isAbout, isWrite, refusal } from '../request.ts';

/** Services get no more external addresses: whoever may write them could take over an address of others (CVE-2020-8554). Off by default. (Kubernetes: "Admission Control".) */
export const denyServiceExternalIPs: AdmissionPlugin = {
  name: 'DenyServiceExternalIPs',
  validate(admission) {
    if (!isWrite(admission) || !isAbout(admission, 'services')) return;
    const addressesOf = (service: unknown) => (service as Service | undefined)?.spec?.externalIPs ?? [];
    const before = new Set(addressesOf(admission.old));
    if (addressesOf(admission.object).every((address) => before.has(address))) return;
    throw refusal(admission, 'Use of external IPs is denied by admission control');
  },
};
