import { type FieldError, invalid, required, tooLong } from './field-error.ts';
import { dns1123LabelFindings, dns1123SubdomainFindings, MAX_LABEL_LENGTH, MAX_SUBDOMAIN_LENGTH } from './names.ts';

/** A domain, a slash, a namespace, a dot and a name. */
const MAX_LENGTH = MAX_SUBDOMAIN_LENGTH + 1 + MAX_LABEL_LENGTH + 1 + MAX_SUBDOMAIN_LENGTH;

/** `example.com/my-signer`: who signs certificates (Kubernetes, "Certificate Signing Requests", signers). */
export function checkSignerName(path: string, name: string): FieldError[] {
  if (!name) return [required(path)];
  const segments = name.split('/');
  const [domain = '', signer = ''] = segments;
  if (segments.length !== 2) {
    return [invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")];
  }
  /** The first bad label is told, with all that is wrong with it. */
  const labelsOf = (whole: string, findings: (label: string) => string[]) => {
    const bad = whole.split('.').find((label) => findings(label).length > 0);
    return bad === undefined ? [] : findings(bad).map((f) => invalid(path, whole, `validating label ${JSON.stringify(bad)}: ${f}`));
  };
  return [
    ...(domain.length > MAX_SUBDOMAIN_LENGTH ? [tooLong(path, MAX_SUBDOMAIN_LENGTH)] : []),
    ...labelsOf(domain, dns1123LabelFindings),
    ...(domain.includes('.') ? [] : [invalid(path, domain, 'should be a domain with at least two segments separated by dots')]),
    ...labelsOf(signer, dns1123SubdomainFindings),
    ...(name.length > MAX_LENGTH ? [tooLong(path, MAX_LENGTH)] : []),
  ];
}
