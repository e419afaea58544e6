import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readAuthenticationConfig } from './authentication-config.ts';
import { type Claims, userOfClaims } from './claims-plan.ts';

const issuer = { url: 'https://id.example', audiences: ['kubectl'] };
const username = { claim: 'sub', prefix: '' };
const file = (jwt: object[], more: object = {}) =>
  stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', jwt, ...more });
const read = (jwt: object, more: object = {}) =>
  readAuthenticationConfig(file([{ issuer, claimMappings: { username }, ...jwt }], more), ['https://kubernetes.default.svc']);
const userOf = (jwt: object, claims: Claims) => {
  const [authenticator] = read(jwt).issuers;
  if (!authenticator) throw new Error('no issuer');
  return userOfClaims(claims, authenticator.mapping);
};

describe('an AuthenticationConfiguration', () => {
  it('names issuers, their audiences and claims', () => {
    const { issuers, anonymous } = read({
      issuer: { ...issuer, audiences: ['a', 'b'], audienceMatchPolicy: 'MatchAny', discoveryURL: 'https://other.example/discovery' },
    });
    expect(issuers).toMatchObject([
      { issuer: { url: 'https://id.example', discoveryUrl: 'https://other.example/discovery' }, audiences: ['a', 'b'] },
    ]);
    expect(anonymous).toBeUndefined();
    expect(
      userOf(
        { claimMappings: { username: { claim: 'sub', prefix: 'x:' }, groups: { claim: 'roles', prefix: '' }, uid: { claim: 'oid' } } },
        { sub: 'jane', roles: 'dev', oid: '7' },
      ),
    ).toEqual({ name: 'x:jane', groups: ['dev'], uid: '7' });
  });

  it('maps claims by expressions', () => {
    const claimMappings = {
      username: { expression: "claims.sub + ':external'" },
      groups: { expression: "claims.roles.split(',')" },
      uid: { expression: "'u-' + claims.sub" },
      extra: [
        { key: 'example.org/tenant', valueExpression: 'claims.tenant' },
        { key: 'example.org/none', valueExpression: "''" },
      ],
    };
    expect(userOf({ claimMappings }, { sub: 'jane', roles: 'a,b', tenant: ['t1', 't2'] })).toEqual({
      name: 'jane:external',
      groups: ['a', 'b'],
      uid: 'u-jane',
      extra: { 'example.org/tenant': ['t1', 't2'] },
    });
    expect(() => userOf({ claimMappings }, { sub: 'jane', roles: 'a' })).toThrow(
      /^oidc: error evaluating extra claim expression: claims\.tenant: no such key: tenant/,
    );
    expect(() => userOf({ claimMappings: { username: { expression: "''" } } }, {})).toThrow(
      'oidc: empty username via CEL expression is not allowed',
    );
  });

  it('checks claims and users by rules', () => {
    const rules = {
      claimValidationRules: [
        { claim: 'hd', requiredValue: 'example.org' },
        { expression: "claims.aal == 'high'", message: 'log in again' },
      ],
      userValidationRules: [{ expression: "!user.username.startsWith('system:')", message: 'no system users' }],
    };
    expect(userOf(rules, { sub: 'jane', hd: 'example.org', aal: 'high' })).toMatchObject({ name: 'jane' });
    expect(() => userOf(rules, { sub: 'jane', hd: 'x', aal: 'high' })).toThrow('required claim hd value does not match');
    expect(() => userOf(rules, { sub: 'jane', hd: 'example.org', aal: 'low' })).toThrow(
      "oidc: error evaluating claim validation expression: validation expression 'claims.aal == 'high'' failed: log in again",
    );
    expect(() => userOf(rules, { sub: 'system:x', hd: 'example.org', aal: 'high' })).toThrow('failed: no system users');
  });

  it('says where requests may come without credentials', () => {
    const conditions = [{ path: '/livez' }, { path: '/readyz' }];
    expect(read({}, { anonymous: { enabled: true, conditions } }).anonymous).toEqual({ enabled: true, paths: ['/livez', '/readyz'] });
    expect(() => read({}, { anonymous: { enabled: false, conditions } })).toThrow(
      'enabled should be set to true when conditions are defined',
    );
  });

  it.each([
    [{ issuer: { ...issuer, url: 'http://id.example' } }, 'jwt[0].issuer.url: URL scheme must be https'],
    [{ issuer: { ...issuer, url: 'https://kubernetes.default.svc' } }, 'jwt[0].issuer.url: URL must not overlap with disallowed issuers'],
    [{ issuer: { ...issuer, audiences: [] } }, 'at least one jwt[0].issuer.audiences is required'],
    [{ issuer: { ...issuer, audiences: ['a', 'b'] } }, 'audienceMatchPolicy must be MatchAny for multiple audiences'],
    [{ issuer: { ...issuer, certificateAuthority: 'no PEM' } }, 'jwt[0].issuer.certificateAuthority: Invalid value'],
    [{ issuer: { ...issuer, discoveryURL: 'https://id.example/' } }, 'discoveryURL must be different from URL'],
    [{ claimMappings: {} }, 'jwt[0].claimMappings.username: claim or expression is required'],
    [{ claimMappings: { username: { claim: 'sub' } } }, 'prefix is required when claim is set'],
    [{ claimMappings: { username: { claim: 'a', expression: 'b', prefix: '' } } }, "claim and expression can't both be set"],
    [{ claimMappings: { username: { expression: 'claims.' } } }, 'jwt[0].claimMappings.username.expression: Invalid value: ERROR'],
    [{ claimMappings: { username, extra: [{ key: 'kubernetes.io/x', valueExpression: 'claims.a' }] } }, 'reserved for Kubernetes use'],
    [{ claimValidationRules: [{}] }, 'jwt[0].claimValidationRules[0]: claim or expression is required'],
    [{ userValidationRules: [{ expression: 'user.username' }] }, 'jwt[0].userValidationRules[0].expression: Invalid value'],
    [{ unknown: 1 }, 'jwt[0].unknown: unknown field'],
  ])('with %j is refused', (jwt, message) => {
    expect(() => read(jwt)).toThrow(message);
  });

  it('of another kind, or with an issuer twice, is refused', () => {
    expect(() => readAuthenticationConfig('kind: Pod', [])).toThrow('apiVersion: must be one of apiserver.config.k8s.io/v1');
    const one = { issuer, claimMappings: { username } };
    expect(() => readAuthenticationConfig(file([one, one]), [])).toThrow('jwt[1].issuer.url: Duplicate value: "https://id.example"');
  });
});
