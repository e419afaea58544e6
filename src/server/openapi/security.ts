/** How requests say who makes them, as far as documents can tell: client certificates have no words there. */
export const SECURITY_SCHEMES = {
  BearerToken: { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' },
} as const;
