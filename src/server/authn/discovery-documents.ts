import type { ServiceAccountKeys } from '../pki/service-account-keys.ts';

/** `/.well-known/openid-configuration`: lets others check our service account tokens (OpenID Connect Discovery 1.0). */
export const openIdConfiguration = (issuer: string, jwksUri: string, { verification }: ServiceAccountKeys) => ({
  issuer,
  jwks_uri: jwksUri,
  response_types_supported: ['id_token'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: [...new Set(verification.map(({ algorithm }) => algorithm))].sort(),
});

/** `/openid/v1/jwks`: every key that tokens may be signed with. */
export const jsonWebKeySet = ({ verification }: ServiceAccountKeys) => ({
  keys: verification.map(({ keyId, algorithm, publicKey }) => ({
    use: 'sig',
    alg: algorithm,
    kid: keyId,
    ...publicKey.export({ format: 'jwk' }),
  })),
});
