import { stringify } from 'yaml';
import { ApiError } from '../../api/meta/status.ts';
import { rfc3339 } from '../../base/clock.ts';
import { acceptClauses, type Clause } from './accept.ts';

/** Pages on which a component tells of itself, as text for people or in versions of config.k8s.io (KEP-4827, KEP-4828). */
export interface Zpage {
  readonly path: string;
  readonly kind: string;
  /** What is special to the kind. */
  fields(): object;
  text(): string;
}

const COMPONENT = 'apiserver';
const GROUP = 'config.k8s.io';
const VERSIONS = ['v1alpha1', 'v1beta1'];
const DEPRECATED = 'v1alpha1';
const TYPES = ['application/json', 'application/yaml', 'text/plain'] as const;
type MediaType = (typeof TYPES)[number];

const PLAIN: Form = { type: 'text/plain', version: '' };
const NOT_ACCEPTABLE = new ApiError('NotAcceptable', `only the following media types are accepted: ${TYPES.join(', ')}`).toStatus();

const HEAD = (page: string) => `
${COMPONENT} ${page}
Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.
`;

/** The answer in the first form of the Accept header that the page has: text when it names none. */
export function answerZpage(page: Zpage, accept: string | undefined): Response {
  const form = accept?.trim() ? negotiate(page, acceptClauses(accept)) : PLAIN;
  if (!form) return Response.json(NOT_ACCEPTABLE, { status: NOT_ACCEPTABLE.code });
  const { type, version } = form;
  if (type === 'text/plain') return new Response(page.text(), { headers: { 'Content-Type': 'text/plain; charset=utf-8' } });
  const object = { kind: page.kind, apiVersion: `${GROUP}/${version}`, metadata: { name: COMPONENT }, ...page.fields() };
  const warning = `299 - "This version of the ${page.path.slice(1)} endpoint is deprecated. Please use a newer version."`;
  const headers = { 'Content-Type': type, ...(version === DEPRECATED && { Warning: warning }) };
  return new Response(type === 'application/yaml' ? stringify(object) : `${JSON.stringify(object)}\n`, { headers });
}

interface Form {
  readonly type: MediaType;
  readonly version: string;
}

function negotiate(page: Zpage, clauses: readonly Clause[]): Form | undefined {
  for (const clause of clauses) {
    const type = TYPES.find((each) => covers(clause.type, each) && (each === 'text/plain' ? isPlain(clause) : isOf(page, clause)));
    if (type) return { type, version: clause.parameters.get('v') ?? '' };
  }
  return undefined;
}

const covers = (asked: string, type: MediaType) => asked === type || asked === '*/*' || asked === `${type.split('/')[0]}/*`;
const isPlain = ({ parameters }: Clause) => !['as', 'g', 'v'].some((name) => parameters.has(name));
const isOf = ({ kind }: Zpage, { parameters }: Clause) =>
  parameters.get('as') === kind && parameters.get('g') === GROUP && VERSIONS.includes(parameters.get('v') ?? '');

export interface ComponentStatus {
  readonly startedAtMs: number;
  readonly nowMs: () => number;
  /** `v1.36.2+minik.0.1.0` */
  readonly gitVersion: string;
  readonly goVersion: string;
  /** All that is listed at `/`. */
  readonly paths: () => readonly string[];
}

/** Pages that tell of the API are no pages for those who look for what is wrong with the component. */
const OF_THE_API = new Set(['/apis', '/api', '/openid', '/openapi', '/.well-known']);

export function statusPage({ startedAtMs, nowMs, gitVersion, goVersion, paths }: ComponentStatus): Zpage {
  const binaryVersion = gitVersion.replace(/^v/, '');
  const emulationVersion = /^\d+\.\d+/.exec(binaryVersion)?.[0];
  const upSeconds = () => Math.max(0, Math.floor((nowMs() - startedAtMs) / 1000));
  const folders = () =>
    [...new Set(paths().map((path) => `/${path.split('/')[1]}`))].filter((path) => path !== '/' && !OF_THE_API.has(path)).sort();
  return {
    path: '/statusz',
    kind: 'Statusz',
    fields: () => ({
      startTime: rfc3339(startedAtMs),
      uptimeSeconds: upSeconds(),
      goVersion,
      binaryVersion,
      ...(emulationVersion && { emulationVersion }),
      paths: folders(),
    }),
    text: () => `${HEAD('statusz')}
Started: ${unixDate(startedAtMs)}
Up: ${duration(upSeconds())}
Go version: ${goVersion}
Binary version: ${binaryVersion}
Emulation version: ${emulationVersion ?? ''}
Paths: ${folders().join(' ')}
`,
  };
}

/** `flags`: values by long names, secrets left out. */
export function flagsPage(flags: Readonly<Record<string, string>>): Zpage {
  const sorted = Object.entries(flags).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    path: '/flagz',
    kind: 'Flagz',
    fields: () => ({ flags: Object.fromEntries(sorted) }),
    text: () => `${HEAD('flagz')}${sorted.map(([name, value]) => `${name}=${value}\n`).join('')}`,
  };
}

/** `Mon Jan  2 15:04:05 UTC 2006` */
function unixDate(ms: number): string {
  const [day, date = '', month, year, time] = new Date(ms).toUTCString().replace(',', '').split(' ');
  return `${day} ${month} ${date.replace(/^0/, ' ')} ${time} UTC ${year}`;
}

const two = (n: number) => String(n).padStart(2, '0');
const duration = (seconds: number) => `${Math.floor(seconds / 3600)} hr ${two(Math.floor(seconds / 60) % 60)} min ${two(seconds % 60)} sec`;
