import { ApiError } from '../../api/meta/status.ts';
import { PROTOBUF } from '../../api/protobuf/index.ts';
import type { Verb } from '../../api/transport.ts';

/** The shape that an answer takes. */
export type Shape = 'object' | 'partial' | 'partialList' | 'table';
/** Versions of meta.k8s.io in which partial objects and tables are written. They differ in nothing else. */
export type MetaVersion = 'v1' | 'v1beta1';
export type Format = 'json' | 'yaml' | 'protobuf';
export interface Accepted {
  readonly shape: Shape;
  readonly version: MetaVersion;
  readonly format: Format;
}

const FORMATS: Readonly<Record<string, Format>> = {
  'application/json': 'json',
  'application/*': 'json',
  '*/*': 'json',
  'application/yaml': 'yaml',
  [PROTOBUF]: 'protobuf',
};
const kept = new Map<string, readonly Accepted[]>();
const MOST_KEPT = 1000;

/** Beside JSON, which everything has, and metadata alone in protobuf. */
export interface Offer {
  /** Of whole objects: custom resources have none. */
  readonly protobuf: boolean;
  /** Streams are not written in YAML. */
  readonly yaml: boolean;
  /** What is answered and never read (reviews, tokens) has no table. */
  readonly table: boolean;
}

/**
 * The first media type of the Accept header that this server can produce, by quality and then by the header's order. CBOR is
 * passed over: clients that prefer it name JSON as well. Throws NotAcceptable when nothing fits.
 */
export function negotiate(accept: string | undefined, offer: Offer): Accepted {
  const key = accept ?? '';
  let clauses = kept.get(key);
  if (!clauses) {
    clauses = parse(key);
    if (kept.size < MOST_KEPT) kept.set(key, clauses);
  }
  const found = clauses.find((accepted) => isOffered(accepted, offer));
  if (found) return found;
  const types = offer.yaml ? ROUTED_TYPES : STREAM_TYPES;
  throw new ApiError('NotAcceptable', `only the following media types are accepted: ${types.join(', ')}`);
}

function isOffered({ format, shape }: Accepted, offer: Offer): boolean {
  if (shape === 'table') return offer.table && (format === 'json' || offer[format]);
  return format === 'json' || offer[format] || (format === 'protobuf' && shape !== 'object');
}

/** How an object is written of which there is but one shape. Throws NotAcceptable. */
export function negotiateFormat(accept: string | undefined): Format {
  const found = parse(accept ?? '').find(({ shape }) => shape === 'object');
  if (found) return found.format;
  throw new ApiError('NotAcceptable', `only the following media types are accepted: ${ROUTED_TYPES.join(', ')}`);
}

/** How an error is told: as JSON when nothing fits. */
export const errorFormat = (accept: string | undefined): Format =>
  parse(accept ?? '').find(({ shape }) => shape === 'object')?.format ?? 'json';

/** The media types of a header without their parameters, as upstream's router compares them. */
export const bareTypes = (header: string): string[] => header.split(',').map((type) => (type.split(';', 1)[0] ?? '').trim());

const ROUTED_TYPES = ['application/json', 'application/yaml', PROTOBUF];
const STREAM_TYPES = ['application/json;stream=watch', `${PROTOBUF};stream=watch`];

/** Upstream's router lets in who names one of its types, whatever it says of it. Throws NotAcceptable. */
export function checkRouted(accept: string | undefined, verb: Verb | undefined): void {
  checkOffered(accept, ROUTED_TYPES, verb === 'list' || verb === 'watch' ? STREAM_TYPES : []);
}

/** `more`: types that the refusal names as well. Throws NotAcceptable. */
export function checkOffered(accept: string | undefined, offered: readonly string[], more: readonly string[] = []): void {
  if (!accept) return;
  if (bareTypes(accept).some((type) => type === '*/*' || offered.includes(type))) return;
  const types = [...offered, ...more].join(', ');
  throw new ApiError('NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${types}`, { details: {} });
}

/** One media type of an Accept header. */
export interface Clause {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** By quality, then in the header's order. As upstream: what has none at all comes last, and comes all the same. */
export function acceptClauses(accept: string): readonly Clause[] {
  const clauses = accept.split(',').map((clause) => {
    const [type = '', ...rest] = clause.split(';').map((part) => part.trim());
    const parameters = new Map(rest.map((part) => part.split('=', 2) as [string, string]));
    const quality = Number(parameters.get('q') ?? 1);
    return { type, parameters, quality: Number.isNaN(quality) ? 1 : quality };
  });
  return clauses.sort((a, b) => b.quality - a.quality);
}

function parse(accept: string): readonly Accepted[] {
  if (accept.trim() === '') return [{ shape: 'object', version: 'v1', format: 'json' }];
  return acceptClauses(accept).flatMap(({ type, parameters }) => {
    const format = FORMATS[type];
    const version: MetaVersion = parameters.get('v') === 'v1beta1' ? 'v1beta1' : 'v1';
    const shape = shapeOf(parameters, version);
    // Tables have no protobuf form.
    return format && shape && !(format === 'protobuf' && shape === 'table') ? [{ shape, version, format }] : [];
  });
}

const SHAPES: Readonly<Record<string, Shape>> = {
  Table: 'table',
  PartialObjectMetadata: 'partial',
  PartialObjectMetadataList: 'partialList',
};

function shapeOf(parameters: ReadonlyMap<string, string>, version: MetaVersion): Shape | undefined {
  const as = parameters.get('as');
  if (as === undefined) return 'object';
  return parameters.get('g') === 'meta.k8s.io' && parameters.get('v') === version ? SHAPES[as] : undefined;
}
