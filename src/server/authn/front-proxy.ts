import type { Credentials, UserInfo } from '../ports.ts';

/** Which headers a front proxy says by whose request it passes on, and which proxies may. Names in lower case. */
export interface FrontProxySettings {
  /** Common names of their certificates; empty: every certificate of the front-proxy CA. */
  readonly allowedNames: readonly string[];
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
}

/** What kubeadm sets up, and what extension servers are told to expect. */
export const DEFAULT_FRONT_PROXY: FrontProxySettings = {
  allowedNames: ['front-proxy-client'],
  usernameHeaders: ['x-remote-user'],
  uidHeaders: ['x-remote-uid'],
  groupHeaders: ['x-remote-group'],
  extraHeaderPrefixes: ['x-remote-extra-'],
};

/** `%`-escapes of header names that carry keys; a malformed one stays as it is. */
export function decodeExtraKey(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Every value of the headers with one of these prefixes, by what follows it. */
export function extraHeaders(headers: NonNullable<Credentials['distinctHeaders']>, prefixes: readonly string[]): Record<string, string[]> {
  const extra: Record<string, string[]> = {};
  for (const prefix of prefixes) {
    for (const [header, values] of Object.entries(headers)) {
      if (!values || !header.startsWith(prefix)) continue;
      const key = decodeExtraKey(header.slice(prefix.length));
      extra[key] = [...(extra[key] ?? []), ...values];
    }
  }
  return extra;
}

/**
 * Whom a front proxy speaks for; undefined: its certificate may not, or it names nobody. (Kubernetes: Authenticating, "Authenticating Proxy".) Whether its CA vouches for
 * front proxies is the caller's affair.
 */
export function frontProxyUser({ certificate, distinctHeaders = {} }: Credentials, settings: FrontProxySettings): UserInfo | undefined {
  const { allowedNames } = settings;
  if (!certificate || (allowedNames.length > 0 && !allowedNames.includes(certificate.commonName))) return undefined;
  const valuesOf = (names: readonly string[]) => names.flatMap((name) => distinctHeaders[name] ?? []).filter(Boolean);
  const [name] = valuesOf(settings.usernameHeaders);
  if (!name) return undefined;
  const [uid] = valuesOf(settings.uidHeaders);
  const extra = extraHeaders(distinctHeaders, settings.extraHeaderPrefixes);
  return { name, ...(uid && { uid }), groups: valuesOf(settings.groupHeaders), ...(Object.keys(extra).length > 0 && { extra }) };
}
