import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import type { OutboundCredentials, OutboundEndpoint } from './outbound-endpoint.ts';

interface Named<T> {
  readonly name?: string;
  readonly cluster?: T;
  readonly user?: T;
  readonly context?: T;
}
type Fields = Readonly<Record<string, unknown>>;
interface Kubeconfig {
  readonly 'current-context'?: string;
  readonly clusters?: readonly Named<Fields>[];
  readonly users?: readonly Named<Fields>[];
  readonly contexts?: readonly Named<Fields>[];
}

const MAX_YAML_ALIASES = 20;

interface Reader {
  readonly readFile: (path: string) => Promise<string>;
}

/** What stands in the file under `name`-data, or in the file that `name`, or another field, names. */
type Content = (fields: Fields | undefined, name: string, inFile?: string) => Promise<string | undefined>;

async function opened(path: string, { readFile }: Reader): Promise<{ config: Kubeconfig; content: Content }> {
  const config = parse(await readFile(path), { maxAliasCount: MAX_YAML_ALIASES }) as Kubeconfig | null;
  if (typeof config !== 'object' || config === null) throw new Error('it is no kubeconfig');
  return {
    config,
    async content(fields, name, inFile = name) {
      const data = text(fields, `${name}-data`);
      if (data) return Buffer.from(data, 'base64').toString();
      const file = text(fields, inFile);
      return file && (await readFile(resolve(dirname(path), file)));
    },
  };
}

/**
 * Whom a kubeconfig file names, and what to show there: the form in which webhooks are configured. Paths in it are relative to the file. Rejects with an Error that says
 * what is wrong.
 */
export async function kubeconfigEndpoint(path: string, reader: Reader): Promise<OutboundEndpoint> {
  const { config, content } = await opened(path, reader);
  const context = currentContext(config);
  const cluster = named(config.clusters, text(context, 'cluster'), 'cluster')?.cluster;
  const user = named(config.users, text(context, 'user'), 'user')?.user;
  const url = text(cluster, 'server');
  if (!url || URL.parse(url)?.protocol !== 'https:') throw new Error('the cluster has no https:// server');
  const [caBundle, credentials] = await Promise.all([content(cluster, 'certificate-authority'), credentialsOf(user, content)]);
  return {
    target: { url },
    ...(caBundle && { caBundle }),
    ...(cluster?.['insecure-skip-tls-verify'] === true && { skipVerification: true }),
    ...(credentials && { credentials }),
  };
}

/** What to show to whoever is called at `host:port`. */
export type CredentialsFor = (authority: string) => OutboundCredentials | undefined;

const HTTPS = ':443';

/**
 * What a kubeconfig file says is to be shown to whom: its users have names such as `images.example.com`, `hook.ns.svc:8443`, `*.example.com` and `*`. Rejects with an Error
 * that says what is wrong. (Kubernetes: "Dynamic Admission Control", "Authenticate API servers"; upstream: apiserver, util/webhook: authentication.go.)
 */
export async function kubeconfigUsers(path: string, reader: Reader): Promise<CredentialsFor> {
  const { config, content } = await opened(path, reader);
  const entries = (config.users ?? []).map(async ({ name = '', user }) => [name, await credentialsOf(user, content)] as const);
  const users = new Map(await Promise.all(entries));
  const current = users.get(text(currentContext(config), 'user') ?? '');
  const nearest = (host: string): string | undefined => {
    const labels = host.split('.');
    return [host, ...labels.slice(1).map((_, i) => `*.${labels.slice(i + 1).join('.')}`)].find((name) => users.has(name));
  };
  return (authority) => {
    const found = nearest(authority) ?? (authority.endsWith(HTTPS) ? nearest(authority.slice(0, -HTTPS.length)) : undefined);
    if (found !== undefined) return users.get(found);
    return users.has('*') ? users.get('*') : current;
  };
}

const currentContext = (config: Kubeconfig): Fields | undefined => named(config.contexts, config['current-context'], 'context')?.context;

async function credentialsOf(user: Fields | undefined, content: Content): Promise<OutboundCredentials | undefined> {
  const [cert, key] = await Promise.all([content(user, 'client-certificate'), content(user, 'client-key')]);
  if (Boolean(cert) !== Boolean(key)) throw new Error('the user has a client-certificate without a client-key, or the other way round');
  if (cert && key) return { cert, key };
  const token = text(user, 'token') ?? (await content(user, 'tokenFile'))?.trim();
  if (token) return { token };
  const username = text(user, 'username');
  return username === undefined ? undefined : { username, password: text(user, 'password') ?? '' };
}

/** The entry of that name; the only one when no name is given. */
function named(list: readonly Named<Fields>[] | undefined, name: string | undefined, what: string): Named<Fields> | undefined {
  if (!name) return list?.length === 1 ? list[0] : undefined;
  const found = list?.find((each) => each.name === name);
  if (!found) throw new Error(`it has no ${what} ${JSON.stringify(name)}`);
  return found;
}

const text = (fields: Fields | undefined, name: string): string | undefined => {
  const value = fields?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};
