import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import type { OutboundEndpoint } from './outbound.ts';

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

/**
 * Whom a kubeconfig file names, and what to show there: the form in which webhooks are configured. Paths in it are relative to the file. Rejects with an Error that says
 * what is wrong.
 */
export async function kubeconfigEndpoint(
  path: string,
  { readFile }: { readFile: (path: string) => Promise<string> },
): Promise<OutboundEndpoint> {
  const config = parse(await readFile(path), { maxAliasCount: MAX_YAML_ALIASES }) as Kubeconfig | null;
  if (typeof config !== 'object' || config === null) throw new Error('it is no kubeconfig');
  const context = named(config.contexts, config['current-context'], 'context')?.context;
  const cluster = named(config.clusters, text(context, 'cluster'), 'cluster')?.cluster;
  const user = named(config.users, text(context, 'user'), 'user')?.user;
  const url = text(cluster, 'server');
  if (!url || URL.parse(url)?.protocol !== 'https:') throw new Error('the cluster has no https:// server');
  /** What stands in the file under `name`-data, or in the file that `name` names. */
  const content = async (fields: Fields | undefined, name: string, inFile = name): Promise<string | undefined> => {
    const data = text(fields, `${name}-data`);
    if (data) return Buffer.from(data, 'base64').toString();
    const file = text(fields, inFile);
    return file && (await readFile(resolve(dirname(path), file)));
  };
  const [caBundle, cert, key] = await Promise.all([
    content(cluster, 'certificate-authority'),
    content(user, 'client-certificate'),
    content(user, 'client-key'),
  ]);
  const token = text(user, 'token') ?? (await content(user, 'tokenFile'))?.trim();
  if (Boolean(cert) !== Boolean(key)) throw new Error('the user has a client-certificate without a client-key, or the other way round');
  return {
    target: { url },
    ...(caBundle && { caBundle }),
    ...(cluster?.['insecure-skip-tls-verify'] === true && { skipVerification: true }),
    ...(cert && key ? { credentials: { cert, key } } : token ? { credentials: { token } } : {}),
  };
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
