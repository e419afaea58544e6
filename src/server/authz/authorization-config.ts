import { dns1123SubdomainFindings } from '../../api/meta/names.ts';
import { goDurationMs } from '../../base/go-duration.ts';
import { configurationOf, fail, fieldsOf, listOf, textOf } from '../configuration-fields.ts';
import { type MatchCondition, matchCondition } from './match-conditions.ts';

/** One authorizer of an AuthorizationConfiguration. */
export type ConfiguredAuthorizer =
  | { readonly mode: 'Node' | 'RBAC' | 'AlwaysAllow' | 'AlwaysDeny' }
  | { readonly mode: 'Webhook'; readonly name: string; readonly kubeConfigFile: string; readonly webhook: WebhookSettings };

export interface WebhookSettings {
  readonly version: 'v1' | 'v1beta1';
  readonly timeoutMs: number;
  /** 0: its answers are not kept. */
  readonly authorizedMs: number;
  readonly unauthorizedMs: number;
  /** What a webhook counts as that does not answer, or whose conditions cannot be told. */
  readonly failurePolicy: 'NoOpinion' | 'Deny';
  readonly conditions: readonly MatchCondition[];
}

const VERSIONS = ['v1', 'v1beta1', 'v1alpha1'];
const MODES = ['AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC', 'Webhook'];
const REVIEW_VERSIONS = ['v1', 'v1beta1'];
const FAILURE_POLICIES = ['NoOpinion', 'Deny'];
const MAX_CONDITIONS = 64;
const MAX_TIMEOUT_MS = 30_000;
const AUTHORIZED_MS = 300_000;
const UNAUTHORIZED_MS = 30_000;

/**
 * Reads an AuthorizationConfiguration (apiserver.config.k8s.io): who decides, in order; any number of webhooks. Throws an Error that names what is wrong.
 * (Kubernetes: Authorization, "Using configuration files for authorization".)
 */
export function readAuthorizationConfig(text: string): readonly ConfiguredAuthorizer[] {
  const config = configurationOf(text, { kind: 'AuthorizationConfiguration', versions: VERSIONS, fields: ['authorizers'] });
  const authorizers = listOf(config.authorizers, 'authorizers').map((each, i) => authorizerOf(each, `authorizers[${i}]`));
  if (authorizers.length === 0) fail('authorizers', 'Required value: at least one authorization mode must be defined');
  const modes = authorizers.map(({ mode }) => mode);
  const again = modes.findIndex((mode, i) => mode !== 'Webhook' && modes.indexOf(mode) < i);
  if (again >= 0) fail(`authorizers[${again}].type`, `Duplicate value: "${modes[again]}"`);
  const names = authorizers.map(({ name }) => name);
  const twice = names.findIndex((name, i) => names.indexOf(name) < i);
  if (twice >= 0) fail(`authorizers[${twice}].name`, `Duplicate value: "${names[twice]}"`);
  return authorizers;
}

function authorizerOf(value: unknown, at: string): ConfiguredAuthorizer & { readonly name: string } {
  const fields = fieldsOf(value, at, ['type', 'name', 'webhook']);
  const mode = chosen(fields.type, `${at}.type`, MODES);
  const name = required(fields.name, `${at}.name`);
  const [fault] = dns1123SubdomainFindings(name);
  if (fault) fail(`${at}.name`, `Invalid value: "${name}": authorizer name is invalid: ${fault}`);
  if (mode !== 'Webhook') {
    if (fields.webhook !== undefined) fail(`${at}.webhook`, 'Invalid value: "non-null": may only be specified when type=Webhook');
    return { mode: mode as Exclude<ConfiguredAuthorizer['mode'], 'Webhook'>, name };
  }
  if (fields.webhook === undefined || fields.webhook === null) fail(`${at}.webhook`, 'Required value: required when type=Webhook');
  return { mode, name, ...webhookOf(fields.webhook, `${at}.webhook`) };
}

const WEBHOOK_FIELDS = [
  'authorizedTTL',
  'cacheAuthorizedRequests',
  'unauthorizedTTL',
  'cacheUnauthorizedRequests',
  'timeout',
  'subjectAccessReviewVersion',
  'matchConditionSubjectAccessReviewVersion',
  'failurePolicy',
  'connectionInfo',
  'matchConditions',
];

function webhookOf(value: unknown, at: string): { kubeConfigFile: string; webhook: WebhookSettings } {
  const fields = fieldsOf(value, at, WEBHOOK_FIELDS);
  const conditions = conditionsOf(fields.matchConditions, `${at}.matchConditions`);
  const conditionsVersion = `${at}.matchConditionSubjectAccessReviewVersion`;
  const stated = textOf(fields.matchConditionSubjectAccessReviewVersion, conditionsVersion);
  if (stated === '' && conditions.length > 0) fail(conditionsVersion, 'Required value: required if match conditions are specified');
  if (stated !== '') chosen(stated, conditionsVersion, ['v1']);
  const keeps = (name: string) => flagOf(fields[name], `${at}.${name}`) ?? true;
  const ttl = (name: string, absent: number) => positive(durationOf(fields[name], `${at}.${name}`) || absent, `${at}.${name}`);
  const webhook: WebhookSettings = {
    version: chosen(fields.subjectAccessReviewVersion, `${at}.subjectAccessReviewVersion`, REVIEW_VERSIONS) as 'v1',
    timeoutMs: timeoutOf(fields.timeout, `${at}.timeout`),
    authorizedMs: keeps('cacheAuthorizedRequests') ? ttl('authorizedTTL', AUTHORIZED_MS) : 0,
    unauthorizedMs: keeps('cacheUnauthorizedRequests') ? ttl('unauthorizedTTL', UNAUTHORIZED_MS) : 0,
    failurePolicy: chosen(fields.failurePolicy, `${at}.failurePolicy`, FAILURE_POLICIES) as 'Deny',
    conditions,
  };
  return { kubeConfigFile: kubeConfigOf(fields.connectionInfo, `${at}.connectionInfo`), webhook };
}

function kubeConfigOf(value: unknown, at: string): string {
  const { type, kubeConfigFile } = fieldsOf(value, at, ['type', 'kubeConfigFile']);
  // InClusterConfig is for servers that ask an API server; this is the one that they ask.
  chosen(type, `${at}.type`, ['KubeConfigFile']);
  const path = required(kubeConfigFile, `${at}.kubeConfigFile`);
  if (!path.startsWith('/')) fail(`${at}.kubeConfigFile`, `Invalid value: "${path}": must be an absolute path`);
  return path;
}

function conditionsOf(value: unknown, at: string): readonly MatchCondition[] {
  const list = listOf(value, at);
  if (list.length > MAX_CONDITIONS) fail(at, `Too many: ${list.length}: must have at most ${MAX_CONDITIONS} items`);
  const seen = new Set<string>();
  return list.map((each, i) => {
    const path = `${at}[${i}].expression`;
    const expression = textOf(fieldsOf(each, `${at}[${i}]`, ['expression']).expression, path);
    if (expression.trim() === '') fail(path, 'Required value');
    if (seen.has(expression)) fail(path, `Duplicate value: ${JSON.stringify(expression)}`);
    seen.add(expression);
    try {
      return matchCondition(expression);
    } catch (error) {
      return fail(path, `Invalid value: ${JSON.stringify(expression)}: ${error instanceof Error ? error.message : error}`);
    }
  });
}

function required(value: unknown, at: string): string {
  return textOf(value, at) || fail(at, 'Required value');
}

function chosen(value: unknown, at: string, supported: readonly string[]): string {
  const text = required(value, at);
  if (supported.includes(text)) return text;
  return fail(at, `Unsupported value: "${text}": supported values: ${supported.map((each) => `"${each}"`).join(', ')}`);
}

function flagOf(value: unknown, at: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'boolean' ? value : fail(at, 'must be true or false');
}

function durationOf(value: unknown, at: string): number {
  const text = textOf(value, at);
  return (text === '' ? 0 : goDurationMs(text)) ?? fail(at, `Invalid value: "${text}": must be a duration such as 30s`);
}

const positive = (ms: number, at: string): number => (ms > 0 ? ms : fail(at, `Invalid value: "${ms}ms": must be > 0s`));

function timeoutOf(value: unknown, at: string): number {
  const ms = durationOf(required(value, at), at);
  return ms > 0 && ms <= MAX_TIMEOUT_MS ? ms : fail(at, `Invalid value: "${value}": must be > 0s and <= 30s`);
}
