/** JOSE's asymmetric signature algorithms; upstream's --oidc-signing-algs takes the same. */
export const SIGNING_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'] as const;
