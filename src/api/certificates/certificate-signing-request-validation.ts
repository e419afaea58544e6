import { type FieldError, invalid, required } from '../meta/field-error.ts';
import { checkSubdomain } from '../meta/validation.ts';
import type { CertificateSigningRequest } from '../schema/generated/types.ts';

const MIN_SECONDS = 600;

/** base64 of PEM with a CERTIFICATE REQUEST block; the signer reads what is inside. */
function checkRequest(request: string): FieldError[] {
  if (!request) return [required('spec.request')];
  const problem = 'PEM block type must be CERTIFICATE REQUEST';
  try {
    if (/-----BEGIN (NEW )?CERTIFICATE REQUEST-----/.test(atob(request))) return [];
    return [invalid('spec.request', request, problem)];
  } catch {
    return [invalid('spec.request', request, problem)];
  }
}

/** `example.com/my-signer`. */
function checkSignerName(name: string): FieldError[] {
  const path = 'spec.signerName';
  if (!name) return [required(path)];
  const slash = name.indexOf('/');
  if (slash < 0 || slash !== name.lastIndexOf('/')) {
    return [invalid(path, name, 'must be a fully qualified domain and path of the form "example.com/signer-name"')];
  }
  const [domain, signer] = [name.slice(0, slash), name.slice(slash + 1)];
  if (!domain.includes('.')) return [invalid(path, domain, 'should be a domain with at least two segments separated by dots')];
  return [...checkSubdomain(path, domain), ...signer.split('.').flatMap((part) => checkSubdomain(path, part))];
}

export function checkCertificateSigningRequest({ spec, status }: CertificateSigningRequest): FieldError[] {
  const errors = [...checkRequest(spec.request), ...checkSignerName(spec.signerName)];
  if (!spec.usages?.length) errors.push(required('spec.usages'));
  if (spec.expirationSeconds !== undefined && spec.expirationSeconds < MIN_SECONDS) {
    const detail = `may not specify a duration less than ${MIN_SECONDS} seconds (10 minutes)`;
    errors.push(invalid('spec.expirationSeconds', spec.expirationSeconds, detail));
  }
  const types = new Set((status?.conditions ?? []).map((c) => c.type));
  if (types.has('Approved') && types.has('Denied')) {
    errors.push(invalid('status.conditions', status?.conditions, 'Approved and Denied conditions are mutually exclusive'));
  }
  return errors;
}
