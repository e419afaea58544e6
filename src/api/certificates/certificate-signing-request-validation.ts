import { difference } from '../meta/difference.ts';
import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from '../meta/field-error.ts';
import { checkSignerName } from '../meta/signer-name.ts';
import { checkEnum } from '../meta/validation.ts';
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../schema/generated/types.ts';

const MIN_SECONDS = 600;

/** The first PEM block, if it is whole: its label, headers that nobody asks for, and what it holds. */
const FIRST_BLOCK = /(?:^|\n)-----BEGIN ([^\n]*?)-----[ \t\r]*\n(?:[^\n:]*:[^\n]*\n)*([A-Za-z0-9+/=\s]*?)-----END \1-----[ \t\r]*(?=\n|$)/;

function labelOf(text: string): string | undefined {
  const [, label, base64 = ''] = FIRST_BLOCK.exec(text) ?? [];
  return decoded(base64) === '' && base64.trim() !== '' ? undefined : label;
}

/** base64 of PEM. What is in it is read at admission, which may load what reads it. */
function checkRequest(request: string | undefined): FieldError[] {
  if (labelOf(decoded(request ?? '')) === 'CERTIFICATE REQUEST') return [];
  return [invalid('spec.request', request ?? null, 'PEM block type must be CERTIFICATE REQUEST')];
}

/** What certificates.k8s.io/v1 knows, as RFC 5280 does. */
const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

function checkUsages(usages: readonly string[]): FieldError[] {
  const path = 'spec.usages';
  if (usages.length === 0) return [required(path)];
  return [
    ...usages.flatMap((usage, i) => (USAGES.includes(usage) ? [] : [notSupported(`${path}[${i}]`, usage, USAGES)])),
    ...usages.flatMap((usage, i) => (usages.indexOf(usage) < i ? [duplicate(`${path}[${i}]`, usage)] : [])),
  ];
}

function checkSigner(name = ''): FieldError[] {
  const path = 'spec.signerName';
  if (name !== 'kubernetes.io/legacy-unknown') return checkSignerName(path, name);
  return [invalid(path, name, 'the legacy signerName is not allowed via this API version')];
}

type Condition = CertificateSigningRequestCondition;
/** Conditions that decide a request: they are there or not, and never change. */
const DECISIONS = ['Approved', 'Denied', 'Failed'] as const;
const OPPOSITES: Readonly<Record<string, string>> = { Approved: 'Denied', Denied: 'Approved' };

function checkConditions(conditions: readonly Condition[]): FieldError[] {
  const path = 'status.conditions';
  return conditions.flatMap(({ type, status }, i) => {
    const at = `${path}[${i}]`;
    const decides = (DECISIONS as readonly string[]).includes(type);
    const before = conditions.slice(0, i).map((each) => each.type);
    const opposed = before.includes(OPPOSITES[type] ?? '');
    return [
      ...(type ? [] : [required(`${at}.type`)]),
      ...(status ? checkEnum(`${at}.status`, status, decides ? ['True'] : ['False', 'True', 'Unknown']) : [required(`${at}.status`)]),
      ...(opposed ? [invalid(path, type, 'Approved and Denied conditions are mutually exclusive')] : []),
      ...(before.includes(type) ? [duplicate(`${at}.type`, type)] : []),
    ];
  });
}

/** Its label, and headers when there are any. What does not end is none. */
const PEM_BLOCK = /-----BEGIN ([^-]+)-----\r?\n((?:[^\s:]+:.*\n)*)[A-Za-z0-9+/=\s]*-----END \1-----/g;

/** A chain of PEM certificates, and nothing else. */
function checkCertificate(certificate: string | undefined): FieldError[] {
  if (!certificate) return [];
  const refuse = (why: string) => [invalid('status.certificate', '<certificate data>', why)];
  const blocks = [...decoded(certificate).matchAll(PEM_BLOCK)].map(([, label = '', headers]) => ({ label, headers }));
  if (blocks.length === 0) return refuse('must contain at least one CERTIFICATE PEM block');
  const odd = blocks.find(({ label, headers }) => label !== 'CERTIFICATE' || headers);
  if (!odd) return [];
  const other = `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(odd.label)}`;
  return refuse(odd.label === 'CERTIFICATE' ? 'no PEM block headers are permitted' : other);
}

function decoded(base64: string): string {
  try {
    return atob(base64);
  } catch {
    return '';
  }
}

export function checkCertificateSigningRequest({
  spec = {} as CertificateSigningRequest['spec'],
  status,
}: CertificateSigningRequest): FieldError[] {
  const errors = [...checkRequest(spec.request), ...checkUsages(spec.usages ?? []), ...checkSigner(spec.signerName)];
  if (spec.expirationSeconds !== undefined && spec.expirationSeconds < MIN_SECONDS) {
    const detail = `may not specify a duration less than ${MIN_SECONDS} seconds (10 minutes)`;
    errors.push(invalid('spec.expirationSeconds', spec.expirationSeconds, detail));
  }
  return [...errors, ...checkConditions(status?.conditions ?? []), ...checkCertificate(status?.certificate)];
}

const decided = ({ status }: CertificateSigningRequest, type: string) => (status?.conditions ?? []).filter((each) => each.type === type);

/** Decisions come through `approval` alone, certificates through `status` alone, and neither is ever taken back. */
export function checkCertificateSigningRequestUpdate(
  now: CertificateSigningRequest,
  old: CertificateSigningRequest,
  { subresource }: { readonly subresource?: string },
): FieldError[] {
  const refuse = (what: string, type: string, end = '') => [
    forbidden('status.conditions', `updates may not ${what} a condition of type "${type}"${end && `\n${end}`}`),
  ];
  const changes = DECISIONS.map((type) => ({ type, before: decided(old, type), after: decided(now, type) }));
  const errors = changes.flatMap(({ type, before, after }) => (after.length < before.length ? refuse('remove', type) : []));
  for (const { type, before, after } of subresource === 'approval' ? [] : changes) {
    if (type === 'Failed' || after.length < before.length) continue;
    if (after.length > before.length) errors.push(...refuse('add', type));
    else if (JSON.stringify(after.map(facts)) !== JSON.stringify(before.map(facts)))
      errors.push(...refuse('modify', type, difference(before, after)));
  }
  const [before, after] = [old.status?.certificate ?? '', now.status?.certificate ?? ''];
  if (before !== after && before !== '')
    errors.push(forbidden('status.certificate', 'updates may not modify existing certificate content'));
  return errors;
}

const facts = ({ type, status, reason = '', message = '', lastUpdateTime }: Condition) => [
  type,
  status,
  reason,
  message,
  lastUpdateTime ?? '',
];
