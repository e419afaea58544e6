import { isExtendedResource } from '../../api/core/resource-names.ts';
import { goDurationMs } from '../../base/go-duration.ts';
import type { ConfigReader } from '../config/config-reader.ts';

/** A PEM text, or the file that has it. */
export type PemSource = { readonly pem: string } | { readonly file: string };

export interface ExtenderTls {
  /** Any certificate will do. */
  readonly insecure: boolean;
  /** The name that the certificate must carry, and SNI; '' is the host. */
  readonly serverName: string;
  readonly ca: PemSource | undefined;
  readonly cert: PemSource | undefined;
  readonly key: PemSource | undefined;
}

/** Somebody outside of the scheduler who has a say (Kubernetes: "Scheduler Configuration", extenders). A verb that is '' is one that he is not asked. */
export interface ExtenderConfiguration {
  /** Verbs are appended to it. */
  readonly urlPrefix: string;
  readonly filterVerb: string;
  readonly preemptVerb: string;
  readonly prioritizeVerb: string;
  readonly bindVerb: string;
  readonly weight: number;
  readonly timeoutMs: number;
  /** He knows the nodes himself: names are enough. */
  readonly nodeCacheCapable: boolean;
  /** He is asked about pods that ask for one of these; about all when there are none. */
  readonly managedResources: ReadonlySet<string>;
  /** Those of them that the scheduler leaves to him. */
  readonly ignoredResources: readonly string[];
  /** Pods are scheduled without him when he fails. */
  readonly ignorable: boolean;
  readonly tls: ExtenderTls;
}

const DEFAULT_TIMEOUT_MS = 5000;
const FIELDS = [
  'urlPrefix',
  'filterVerb',
  'preemptVerb',
  'prioritizeVerb',
  'weight',
  'bindVerb',
  'enableHTTPS',
  'tlsConfig',
  'httpTimeout',
  'nodeCacheCapable',
  'managedResources',
  'ignorable',
];

/** In the order in which they are asked: those that may fail come last. */
export function readExtenders(root: ConfigReader): readonly ExtenderConfiguration[] {
  const parts = root.parts('extenders');
  const seen = new Set<string>();
  const extenders = parts.map((part) => readExtender(part, seen));
  const binders = extenders.filter(({ bindVerb }) => bindVerb);
  if (binders.length > 1) root.report('extenders', `only one extender can implement bind, found ${binders.length}`);
  return [...extenders.filter(({ ignorable }) => !ignorable), ...extenders.filter(({ ignorable }) => ignorable)];
}

function readExtender(part: ConfigReader, seen: Set<string>): ExtenderConfiguration {
  part.known(FIELDS);
  const urlPrefix = part.text('urlPrefix', '');
  if (!/^https?:$/.test(URL.parse(urlPrefix)?.protocol ?? '')) part.report('urlPrefix', 'must be a URL of http or https');
  const prioritizeVerb = textOf(part, 'prioritizeVerb');
  const weight = part.integer('weight', 0, { min: Number.MIN_SAFE_INTEGER });
  if (prioritizeVerb && weight <= 0) part.report('weight', 'must have a positive weight applied to it');
  const managed = part.parts('managedResources').map((entry) => readManaged(entry, seen));
  return {
    urlPrefix,
    filterVerb: textOf(part, 'filterVerb'),
    preemptVerb: textOf(part, 'preemptVerb'),
    prioritizeVerb,
    bindVerb: textOf(part, 'bindVerb'),
    weight,
    timeoutMs: readTimeout(part),
    nodeCacheCapable: part.flag('nodeCacheCapable', false),
    managedResources: new Set(managed.map(({ name }) => name)),
    ignoredResources: managed.filter(({ isIgnored }) => isIgnored).map(({ name }) => name),
    ignorable: part.flag('ignorable', false),
    tls: readTls(part.part('tlsConfig'), part.flag('enableHTTPS', false)),
  };
}

const textOf = (part: ConfigReader, field: string): string => (part.raw(field) === '' ? '' : part.text(field, ''));

function readManaged(entry: ConfigReader, seen: Set<string>) {
  entry.known(['name', 'ignoredByScheduler']);
  const name = entry.text('name', '');
  if (!isExtendedResource(name)) entry.report('name', `"${name}" is an invalid extended resource name`);
  if (seen.has(name)) entry.report('name', `duplicate extender managed resource name "${name}"`);
  seen.add(name);
  return { name, isIgnored: entry.flag('ignoredByScheduler', false) };
}

function readTimeout(part: ConfigReader): number {
  const ms = goDurationMs(part.text('httpTimeout', '0s'));
  if (ms === undefined || ms < 0) part.report('httpTimeout', 'must be a duration, such as 500ms');
  return ms && ms > 0 ? ms : DEFAULT_TIMEOUT_MS;
}

function readTls(part: ConfigReader, isHttps: boolean): ExtenderTls {
  part.known(['insecure', 'serverName', 'certFile', 'keyFile', 'caFile', 'certData', 'keyData', 'caData']);
  const source = (data: string, file: string): PemSource | undefined => {
    const encoded = textOf(part, data);
    if (encoded) return { pem: Buffer.from(encoded, 'base64').toString('utf8') };
    const path = textOf(part, file);
    return path ? { file: path } : undefined;
  };
  const ca = source('caData', 'caFile');
  const asked = part.flag('insecure', false);
  if (asked && ca) part.report('', 'specifying a root certificates file with the insecure flag is not allowed');
  return {
    // Whoever asks for HTTPS without saying whom to trust gets no check, as upstream has it.
    insecure: asked || (isHttps && !ca),
    serverName: textOf(part, 'serverName'),
    ca,
    cert: source('certData', 'certFile'),
    key: source('keyData', 'keyFile'),
  };
}
