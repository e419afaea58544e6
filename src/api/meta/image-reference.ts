/** An image reference with nothing left to guess: `docker.io/library/busybox:1.36`. */
export interface ImageReference {
  /** Registry host, with its port: `docker.io`. */
  readonly registry: string;
  /** `library/busybox` */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const HOST =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[+._-][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const MAX_REPOSITORY_LENGTH = 255;

/** Reads a reference as the docker CLI does. undefined: not a reference. */
export function parseReference(image: string): ImageReference | undefined {
  const at = image.indexOf('@');
  const digest = at < 0 ? undefined : image.slice(at + 1);
  const named = at < 0 ? image : image.slice(0, at);
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const tag = hasTag ? named.slice(colon + 1) : undefined;
  const { registry, repository } = splitHost(hasTag ? named.slice(0, colon) : named);
  const ok =
    HOST.test(registry) &&
    repository.split('/').every((part) => COMPONENT.test(part)) &&
    repository.length <= MAX_REPOSITORY_LENGTH &&
    (tag === undefined || TAG.test(tag)) &&
    (digest === undefined || DIGEST.test(digest)) &&
    !/^[0-9a-f]{64}$/.test(image);
  return ok ? { registry, repository, tag: tag ?? (digest ? undefined : 'latest'), digest } : undefined;
}

/** The first part is a host when it looks like one; a name without a host is Docker Hub's, and a single name is in its library. */
function splitHost(name: string): { registry: string; repository: string } {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isHost = /[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first;
  const registry = isHost ? first : 'docker.io';
  const rest = isHost ? name.slice(slash + 1) : name;
  if (registry !== 'docker.io' && registry !== 'index.docker.io') return { registry, repository: rest };
  return { registry: 'docker.io', repository: rest.includes('/') ? rest : `library/${rest}` };
}

export function formatReference({ registry, repository, tag, digest }: ImageReference): string {
  return `${registry}/${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`;
}

export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never';

/** https://kubernetes.io/docs/concepts/containers/images/#imagepullpolicy-defaulting. What is no reference has no tag. */
export const defaultPullPolicy = (image: string): 'Always' | 'IfNotPresent' => policyOfTag(parseReference(image)?.tag);

const policyOfTag = (tag: string | undefined) => (tag === 'latest' ? 'Always' : 'IfNotPresent');

export function pullPolicy(given: string | undefined, { tag }: ImageReference): PullPolicy {
  return given === 'Always' || given === 'IfNotPresent' || given === 'Never' ? given : policyOfTag(tag);
}
