import { type FieldError, invalid } from '../../api/meta/field-error.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { CertificateSigningRequest, Secret } from '../../api/schema/generated/types.ts';
import type { OutsideCheck, OutsideWarnings } from '../registry/deps.ts';
import { certificateFault, keyPairFault } from './pem-faults.ts';

const textOf = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString('latin1');

/** A new certificate of a request is to be one (upstream's validateCertificate). */
export const certificateChecks: Readonly<Record<string, OutsideCheck>> = {
  'certificatesigningrequests.certificates.k8s.io': ({ object, old }): FieldError[] => {
    const [now, before] = [object, old].map((each) => (each as CertificateSigningRequest | undefined)?.status?.certificate);
    const fault = now === before ? undefined : certificateFault(textOf(now));
    return fault === undefined ? [] : [invalid('status.certificate', '<certificate data>', fault)];
  },
};

/** Secrets for TLS are taken as they are, and their writers are told of what nobody can serve with (upstream's warningsForSecret). */
export const certificateWarnings: Readonly<Record<string, OutsideWarnings>> = {
  secrets: (object: KubeObject): string[] => {
    const { type, data } = object as Secret;
    const fault = type === 'kubernetes.io/tls' ? keyPairFault(textOf(data?.['tls.crt']), textOf(data?.['tls.key'])) : undefined;
    return fault === undefined ? [] : [fault];
  },
};
