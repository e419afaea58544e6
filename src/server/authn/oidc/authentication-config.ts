import { X509Certificate } from 'node:crypto';
import { compiled, configurationOf, type Fields, fail, fieldsOf, listOf, textOf } from '../../configuration-fields.ts';
import { type ClaimMapping, groupsClaim, requiredClaim, uidClaim, usernameClaim } from './claims-plan.ts';
import {
  claimCondition,
  extraExpressions,
  groupsExpression,
  uidExpression,
  userCondition,
  usernameExpression,
} from './expressions-plan.ts';
import type { JwtAuthenticator } from './oidc.ts';

/** What an AuthenticationConfiguration says. */
export interface AuthenticationConfig {
  readonly issuers: readonly JwtAuthenticator[];
  /** Absent: it says nothing about requests without credentials. `paths` empty: any path. */
  readonly anonymous?: { readonly enabled: boolean; readonly paths: readonly string[] };
}

const VERSIONS = ['v1', 'v1beta1', 'v1alpha1'];
/**
 * Reads an AuthenticationConfiguration (apiserver.config.k8s.io), whose mappings and rules may be CEL expressions. Throws an Error that names what is wrong.
 * (Kubernetes: Authenticating, "Using Authentication Configuration".)
 */
export function readAuthenticationConfig(text: string, disallowedIssuers: readonly string[]): AuthenticationConfig {
  const config = configurationOf(text, { kind: 'AuthenticationConfiguration', versions: VERSIONS, fields: ['jwt', 'anonymous'] });
  const issuers = listOf(config.jwt, 'jwt').map((each, i) => authenticatorOf(each, `jwt[${i}]`, disallowedIssuers));
  const urls = issuers.map(({ issuer }) => issuer.url);
  const twice = urls.findIndex((url, i) => urls.indexOf(url) < i);
  if (twice >= 0) fail(`jwt[${twice}].issuer.url`, `Duplicate value: ${JSON.stringify(urls[twice])}`);
  return { issuers, ...(config.anonymous !== undefined && { anonymous: anonymousOf(config.anonymous) }) };
}

function anonymousOf(value: unknown): NonNullable<AuthenticationConfig['anonymous']> {
  const { enabled, conditions } = fieldsOf(value, 'anonymous', ['enabled', 'conditions']);
  if (typeof enabled !== 'boolean') fail('anonymous.enabled', 'must be true or false');
  const paths = listOf(conditions, 'anonymous.conditions').map((each, i) => {
    const at = `anonymous.conditions[${i}]`;
    return textOf(fieldsOf(each, at, ['path']).path, `${at}.path`);
  });
  if (!enabled && paths.length > 0) fail('anonymous.conditions', 'enabled should be set to true when conditions are defined');
  return { enabled: enabled === true, paths };
}

function authenticatorOf(value: unknown, at: string, disallowed: readonly string[]): JwtAuthenticator {
  const fields = fieldsOf(value, at, ['issuer', 'claimValidationRules', 'claimMappings', 'userValidationRules']);
  const issuerPath = `${at}.issuer`;
  const issuer = fieldsOf(fields.issuer, issuerPath, [
    'url',
    'discoveryURL',
    'certificateAuthority',
    'audiences',
    'audienceMatchPolicy',
    'egressSelectorType',
  ]);
  const url = checkedUrl(textOf(issuer.url, `${issuerPath}.url`), `${issuerPath}.url`);
  if (disallowed.includes(url)) fail(`${issuerPath}.url`, `URL must not overlap with disallowed issuers: ${disallowed.join(' ')}`);
  const discovery = textOf(issuer.discoveryURL, `${issuerPath}.discoveryURL`);
  if (discovery && discovery.replace(/\/+$/, '') === url.replace(/\/+$/, ''))
    fail(`${issuerPath}.discoveryURL`, 'discoveryURL must be different from URL');
  const caPem = textOf(issuer.certificateAuthority, `${issuerPath}.certificateAuthority`);
  if (caPem) compiled(`${issuerPath}.certificateAuthority`, () => new X509Certificate(caPem));
  return {
    issuer: {
      url,
      ...(discovery && { discoveryUrl: checkedUrl(discovery, `${issuerPath}.discoveryURL`) }),
      ...(caPem && { caPem }),
    },
    audiences: audiencesOf(issuer, issuerPath),
    mapping: {
      ...mappingsOf(fields.claimMappings, `${at}.claimMappings`),
      claimRules: listOf(fields.claimValidationRules, `${at}.claimValidationRules`).map((rule, i) =>
        claimRuleOf(rule, `${at}.claimValidationRules[${i}]`),
      ),
      userRules: listOf(fields.userValidationRules, `${at}.userValidationRules`).map((rule, i) => {
        const path = `${at}.userValidationRules[${i}]`;
        const { expression, message } = fieldsOf(rule, path, ['expression', 'message']);
        const text = textOf(expression, `${path}.expression`) || fail(`${path}.expression`, 'Required value');
        return compiled(`${path}.expression`, () => userCondition({ expression: text, message: textOf(message, `${path}.message`) }));
      }),
    },
  };
}

function checkedUrl(text: string, path: string): string {
  if (!text) fail(path, 'Required value');
  const url = URL.parse(text);
  if (url?.protocol !== 'https:') fail(path, 'URL scheme must be https');
  if (url?.username || url?.password) fail(path, 'URL must not contain a username or password');
  if (url?.search) fail(path, 'URL must not contain a query');
  if (url?.hash) fail(path, 'URL must not contain a fragment');
  return text;
}

function audiencesOf(issuer: Fields, at: string): readonly string[] {
  const audiences = listOf(issuer.audiences, `${at}.audiences`).map((each, i) => textOf(each, `${at}.audiences[${i}]`));
  if (audiences.length === 0) fail(`${at}.audiences`, `at least one ${at}.audiences is required`);
  const empty = audiences.indexOf('');
  if (empty >= 0) fail(`${at}.audiences[${empty}]`, 'Required value');
  const policy = textOf(issuer.audienceMatchPolicy, `${at}.audienceMatchPolicy`);
  if (audiences.length > 1 && policy !== 'MatchAny')
    fail(`${at}.audienceMatchPolicy`, 'audienceMatchPolicy must be MatchAny for multiple audiences');
  if (policy && policy !== 'MatchAny')
    fail(`${at}.audienceMatchPolicy`, 'audienceMatchPolicy must be empty or MatchAny for single audience');
  return audiences;
}

function claimRuleOf(value: unknown, at: string): ClaimMapping['claimRules'][number] {
  const fields = fieldsOf(value, at, ['claim', 'requiredValue', 'expression', 'message']);
  const [claim, wanted, expression, message] = ['claim', 'requiredValue', 'expression', 'message'].map((name) =>
    textOf(fields[name], `${at}.${name}`),
  ) as [string, string, string, string];
  if (claim && expression) fail(at, "claim and expression can't both be set");
  if (!claim && !expression) fail(at, 'claim or expression is required');
  if (claim && message) fail(`${at}.message`, 'may not be specified when claim is set');
  if (expression && wanted) fail(`${at}.requiredValue`, 'may not be specified when expression is set');
  return claim ? requiredClaim(claim, wanted) : compiled(`${at}.expression`, () => claimCondition({ expression, message }));
}

type Mappings = Pick<ClaimMapping, 'username' | 'groups' | 'uid' | 'extra'>;

function mappingsOf(value: unknown, at: string): Mappings {
  const { username, groups, uid, extra } = fieldsOf(value, at, ['username', 'groups', 'uid', 'extra']);
  const name = choiceOf(username, `${at}.username`, { prefix: true });
  if (!name.claim && !name.expression) fail(`${at}.username`, 'claim or expression is required');
  const group = choiceOf(groups, `${at}.groups`, { prefix: true });
  const id = choiceOf(uid, `${at}.uid`, { prefix: false });
  return {
    username: name.claim
      ? usernameClaim(name.claim, name.prefix)
      : compiled(`${at}.username.expression`, () => usernameExpression(name.expression)),
    groups: group.expression
      ? compiled(`${at}.groups.expression`, () => groupsExpression(group.expression))
      : groupsClaim(group.claim, group.prefix),
    uid: id.expression ? compiled(`${at}.uid.expression`, () => uidExpression(id.expression)) : id.claim ? uidClaim(id.claim) : () => '',
    extra: extraOf(extra, `${at}.extra`),
  };
}

function choiceOf(value: unknown, at: string, { prefix: hasPrefix }: { prefix: boolean }) {
  const fields = fieldsOf(value, at, ['claim', 'expression', ...(hasPrefix ? ['prefix'] : [])]);
  const claim = textOf(fields.claim, `${at}.claim`);
  const expression = textOf(fields.expression, `${at}.expression`);
  if (claim && expression) fail(at, "claim and expression can't both be set");
  if (expression && fields.prefix !== undefined) fail(at, "prefix can't be set when expression is set");
  if (hasPrefix && claim && fields.prefix === undefined)
    fail(`${at}.prefix`, 'prefix is required when claim is set. It can be set to an empty string to disable prefixing');
  return { claim, expression, prefix: textOf(fields.prefix, `${at}.prefix`) };
}

const RESERVED = /(^|\.)(kubernetes|k8s)\.io$/;

function extraOf(value: unknown, at: string): ClaimMapping['extra'] {
  const mappings = listOf(value, at).map((each, i) => {
    const path = `${at}[${i}]`;
    const fields = fieldsOf(each, path, ['key', 'valueExpression']);
    const key = textOf(fields.key, `${path}.key`);
    const [domain = '', ...rest] = key.split('/');
    if (!domain || rest.join('/') === '') fail(`${path}.key`, 'must be a domain-prefixed path (such as "acme.io/foo")');
    if (key !== key.toLowerCase()) fail(`${path}.key`, 'must be lowercase');
    if (RESERVED.test(domain)) fail(`${path}.key`, 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use');
    const valueExpression = textOf(fields.valueExpression, `${path}.valueExpression`) || fail(`${path}.valueExpression`, 'Required value');
    compiled(`${path}.valueExpression`, () => extraExpressions([{ key, valueExpression }]));
    return { key, valueExpression };
  });
  return extraExpressions(mappings);
}
