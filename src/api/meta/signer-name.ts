import { type FieldError, invalid, required, tooLong } from './field-error.ts';
import { dns1123LabelFindings, dns1123SubdomainFindings, MAX_LABEL_LENGTH, MAX_SUBDOMAIN_LENGTH } from './names.ts';

const MAX_PATH_LENGTH = MAX_SUBDOMAIN_LENGTH + MAX_LABEL_LENGTH + 1;

/** `example.com/my-signer`: who signs certificates (Kubernetes, "Certificate Signing Requests", signers). */
export function checkSignerName(path: string, name: string): FieldError[] {
  if (!name) return [required(path)];
  const segments = name.split('/');
  const [domain = '', signer = ''] = segments;
  if (segments.length !== 2) {
    return [invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")];
  }
  const each = (whole: string, findings: (label: string) => string[]) =>
    whole
      .split('.')
      .flatMap((label) => findings(label).map((f) => invalid(path, whole, `validating label ${JSON.stringify(label)}: ${f}`)));
  return [
    ...(domain.length > MAX_SUBDOMAIN_LENGTH ? [tooLong(path, MAX_SUBDOMAIN_LENGTH)] : []),
    ...each(domain, dns1123LabelFindings),
    ...(domain.includes('.') ? [] : [invalid(path, domain, 'should be a domain with at least two segments separated by dots')]),
    ...each(signer, dns1123SubdomainFindings),
    ...(signer.length > MAX_PATH_LENGTH ? [tooLong(path, MAX_PATH_LENGTH)] : []),
  ];
}
