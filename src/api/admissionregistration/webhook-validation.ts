import { duplicate, type FieldError, invalid, required } from '../meta/field-error.ts';
import { dns1035LabelFindings, dns1123SubdomainFindings } from '../meta/names.ts';
import { checkEnum, checkLabelSelector } from '../meta/validation.ts';
import type {
  AdmissionregistrationV1ServiceReference,
  MutatingWebhook,
  RuleWithOperations,
  ValidatingWebhook,
} from '../schema/generated/types.ts';
import { WEBHOOK_CONDITIONS } from './expression-environment.ts';
import { checkMatchConditions } from './expression-validation.ts';
import { checkRule } from './rule-validation.ts';

/** One webhook of either kind of configuration. */
export type AnyWebhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>;

/** What an update need not hold to when the object before did not either (upstream's ratcheting). */
export interface Ratchet {
  readonly noSideEffects: boolean;
  readonly knownReviewVersions: boolean;
  readonly uniqueNames: boolean;
}
const STRICT: Ratchet = { noSideEffects: true, knownReviewVersions: true, uniqueNames: true };

const REVIEW_VERSIONS = ['v1', 'v1beta1'];
const HARMLESS = ['None', 'NoneOnDryRun'];
const SIDE_EFFECTS = ['None', 'NoneOnDryRun', 'Some', 'Unknown'];
const MAX_TIMEOUT_SECONDS = 30;
const MAX_PORT = 65_535;

/** Findings about `webhooks` (kubernetes, admissionregistration/validation). `old`: those before the update. */
export function checkWebhooks(webhooks: readonly AnyWebhook[] | undefined, old?: readonly AnyWebhook[]): FieldError[] {
  const ratchet = old ? ratchetOf(old) : STRICT;
  const names = new Set<string>();
  return (webhooks ?? []).flatMap((webhook, i) => {
    const path = `webhooks[${i}]`;
    const errors = [...checkWebhook(path, webhook, ratchet), ...checkReviewVersions(`${path}.admissionReviewVersions`, webhook, ratchet)];
    if (ratchet.uniqueNames && webhook.name && names.has(webhook.name)) errors.push(duplicate(`${path}.name`, webhook.name));
    names.add(webhook.name);
    return errors;
  });
}

const ratchetOf = (old: readonly AnyWebhook[]): Ratchet => ({
  noSideEffects: old.every(({ sideEffects }) => HARMLESS.includes(sideEffects)),
  knownReviewVersions: old.every(
    ({ admissionReviewVersions: v = [] }) => v.length === 0 || v.some((each) => REVIEW_VERSIONS.includes(each)),
  ),
  uniqueNames: new Set(old.map(({ name }) => name)).size === old.length,
});

function checkWebhook(path: string, webhook: AnyWebhook, { noSideEffects }: Ratchet): FieldError[] {
  const { name, rules, failurePolicy, matchPolicy, sideEffects, timeoutSeconds, reinvocationPolicy } = webhook;
  const allowed = noSideEffects ? HARMLESS : SIDE_EFFECTS;
  const errors = [
    ...checkFullName(`${path}.name`, name),
    ...(rules ?? []).flatMap((rule: RuleWithOperations, i) => checkRule(`${path}.rules[${i}]`, rule)),
    ...checkEnum(`${path}.failurePolicy`, failurePolicy, ['Fail', 'Ignore']),
    ...checkEnum(`${path}.matchPolicy`, matchPolicy, ['Equivalent', 'Exact']),
  ];
  if (sideEffects === undefined) errors.push(required(`${path}.sideEffects`, `must specify one of ${allowed.join(', ')}`));
  else errors.push(...checkEnum(`${path}.sideEffects`, sideEffects, allowed));
  if (timeoutSeconds !== undefined && (timeoutSeconds > MAX_TIMEOUT_SECONDS || timeoutSeconds < 1)) {
    errors.push(invalid(`${path}.timeoutSeconds`, timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'));
  }
  return [
    ...errors,
    ...checkLabelSelector(`${path}.namespaceSelector`, webhook.namespaceSelector),
    ...checkLabelSelector(`${path}.objectSelector`, webhook.objectSelector),
    ...checkEnum(`${path}.reinvocationPolicy`, reinvocationPolicy, ['IfNeeded', 'Never']),
    ...checkClientConfig(`${path}.clientConfig`, webhook.clientConfig ?? {}),
    ...checkMatchConditions(`${path}.matchConditions`, webhook.matchConditions ?? [], WEBHOOK_CONDITIONS),
  ];
}

const LEAST_SEGMENTS = 3;

function checkFullName(path: string, name: string): FieldError[] {
  if (!name) return [required(path)];
  const findings = dns1123SubdomainFindings(name);
  if (findings.length > 0) return [invalid(path, name, findings.join(','))];
  return name.split('.').length < LEAST_SEGMENTS
    ? [invalid(path, name, 'should be a domain with at least three segments separated by dots')]
    : [];
}

function checkReviewVersions(path: string, { admissionReviewVersions: versions = [] }: AnyWebhook, ratchet: Ratchet): FieldError[] {
  const known = REVIEW_VERSIONS.join(', ');
  if (versions.length === 0) return [required(path, `must specify one of ${known}`)];
  const errors = versions.flatMap((version, i) =>
    versions.indexOf(version) < i
      ? [invalid(`${path}[${i}]`, version, 'duplicate version')]
      : dns1035LabelFindings(version).map((finding) => invalid(`${path}[${i}]`, version, finding)),
  );
  if (ratchet.knownReviewVersions && !versions.some((version) => REVIEW_VERSIONS.includes(version))) {
    errors.push(invalid(path, versions, `must include at least one of ${known}`));
  }
  return errors;
}

interface ClientConfig {
  readonly url?: string;
  readonly service?: AdmissionregistrationV1ServiceReference;
}

/** Where webhooks and CustomResourceDefinitions' conversions are reached. */
export function checkClientConfig(path: string, { url, service }: ClientConfig): FieldError[] {
  if ((url === undefined) === (service === undefined)) return [required(path, 'exactly one of url or service is required')];
  return url === undefined ? checkWebhookService(`${path}.service`, service) : checkWebhookUrl(`${path}.url`, url);
}

const URL_FORM = '; desired format: https://host[/path]';

function checkWebhookUrl(path: string, text: string): FieldError[] {
  // WHATWG's parser wants a host where Go's does not: what has none is looked at without it.
  const url = URL.parse(text);
  if (!url) {
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase() ?? '';
    const wrong = scheme === 'https' ? [] : [invalid(path, scheme, `'https' is the only allowed URL scheme${URL_FORM}`)];
    return [...wrong, invalid(path, '', `host must be specified${URL_FORM}`)];
  }
  const errors: FieldError[] = [];
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== 'https') errors.push(invalid(path, scheme, `'https' is the only allowed URL scheme${URL_FORM}`));
  if (url.host === '' || /^https:\/\/(?:[/?#]|$)/i.test(text)) errors.push(invalid(path, '', `host must be specified${URL_FORM}`));
  const user = url.password ? `${url.username}:${url.password}` : url.username;
  if (user) errors.push(invalid(path, user, 'user information is not permitted in the URL'));
  if (url.hash) errors.push(invalid(path, url.hash.slice(1), 'fragments are not permitted in the URL'));
  if (url.search) errors.push(invalid(path, url.search.slice(1), 'query parameters are not permitted in the URL'));
  return errors;
}

/** Upstream takes the one for the other when it says which of name and namespace is missing. */
export function checkWebhookService(path: string, service: AdmissionregistrationV1ServiceReference | undefined): FieldError[] {
  const { name, namespace, path: urlPath, port } = service ?? { name: '', namespace: '' };
  const errors: FieldError[] = [];
  if (!namespace) errors.push(required(`${path}.name`));
  if (!name) errors.push(required(`${path}.namespace`));
  if (port !== undefined && (port < 1 || port > MAX_PORT)) {
    errors.push(invalid(`${path}.port`, port, `port is not valid: must be between 1 and ${MAX_PORT}, inclusive`));
  }
  return [...errors, ...checkUrlPath(`${path}.path`, urlPath ?? '')];
}

function checkUrlPath(path: string, urlPath: string): FieldError[] {
  if (urlPath === '' || urlPath === '/') return [];
  if (urlPath === '//') return [invalid(path, urlPath, 'segment[0] may not be empty')];
  const errors = urlPath.startsWith('/') ? [] : [invalid(path, urlPath, "must start with a '/'")];
  for (const [i, step] of urlPath.slice(1).replace(/\/$/, '').split('/').entries()) {
    if (step === '') errors.push(invalid(path, urlPath, `segment[${i}] may not be empty`));
    else errors.push(...dns1123SubdomainFindings(step).map((finding) => invalid(path, urlPath, `segment[${i}]: ${finding}`)));
  }
  return errors;
}
