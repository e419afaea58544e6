import type { ServiceAccountKeys } from '../pki/service-account-keys.ts';

/** `/.well-known/openid-configuration`: lets others check our service account tokens (OpenID Connect Discovery 1.0). */
export const openIdConfiguration = (issuer: string) => ({
  issuer,
  jwks_uri: `${issuer}/openid/v1/jwks`,
  response_types_supported: ['id_token'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['ES256'],
});

/** `/openid/v1/jwks`. */
export const jsonWebKeySet = (keys: ServiceAccountKeys) => ({
  keys: [{ use: 'sig', alg: 'ES256', kid: keys.keyId, ...keys.publicKey.export({ format: 'jwk' }) }],
});
