import type { ImageReference } from '../../api/meta/image-reference.ts';
import type { Secret } from '../../api/schema/generated/types.ts';

export interface Credentials {
  username: string;
  password: string;
  serverAddress: string;
}

interface Entry {
  username?: string;
  password?: string;
  /** base64 of `user:password` */
  auth?: string;
}

/**
 * Who to be at the image's registry, the most specific entry first
 * (https://kubernetes.io/docs/concepts/containers/images/#config-json). Secrets that cannot be read as such are passed over.
 */
export function credentialsFor(image: ImageReference, secrets: readonly Secret[]): Credentials[] {
  const found = secrets.flatMap(entriesOf).filter(([address]) => matches(address, image));
  found.sort(([a], [b]) => b.length - a.length);
  return found.flatMap(([serverAddress, entry]) => {
    const login = loginOf(entry);
    return login ? [{ ...login, serverAddress }] : [];
  });
}

function entriesOf({ type, data = {} }: Secret): [string, Entry][] {
  const parse = (key: string): unknown => {
    try {
      return JSON.parse(Buffer.from(data[key] ?? '', 'base64').toString('utf8'));
    } catch {
      return undefined;
    }
  };
  const record = (value: unknown): [string, Entry][] =>
    typeof value === 'object' && value !== null ? Object.entries(value as Record<string, Entry>) : [];
  if (type === 'kubernetes.io/dockercfg') return record(parse('.dockercfg'));
  if (type !== 'kubernetes.io/dockerconfigjson') return [];
  return record((parse('.dockerconfigjson') as { auths?: unknown } | undefined)?.auths);
}

function loginOf({ username, password, auth }: Entry): { username: string; password: string } | undefined {
  if (!auth) return username ? { username, password: password ?? '' } : undefined;
  const text = Buffer.from(auth, 'base64').toString('utf8').replaceAll('\0', '');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Host parts may hold `*` within a label; a path is a prefix by whole parts. */
function matches(address: string, { registry, repository }: ImageReference): boolean {
  const [host = '', ...path] = address
    .replace(/^https?:\/\//, '')
    .replace(/\/+$/, '')
    .split('/');
  // Docker's own name for Docker Hub carries the version of its API.
  if (host === 'index.docker.io') return registry === 'docker.io' && (path.length === 0 || /^v[12]$/.test(path[0] ?? ''));
  const hostParts = host.split('.');
  const wantedParts = registry.split('.');
  if (hostParts.length !== wantedParts.length || !hostParts.every((part, i) => globMatches(part, wantedParts[i] ?? ''))) return false;
  const wantedPath = repository.split('/');
  return path.filter((part) => !/^v[12]$/.test(part)).every((part, i) => globMatches(part, wantedPath[i] ?? ''));
}

const globMatches = (glob: string, text: string): boolean =>
  glob.includes('*') ? new RegExp(`^${glob.split('*').map(escapeRegExp).join('[^.]*')}$`).test(text) : glob === text;

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
