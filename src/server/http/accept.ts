import { ApiError } from '../../api/meta/status.ts';
import { PROTOBUF } from '../../api/protobuf/index.ts';

/** The shape that an answer takes. */
export type Shape = 'object' | 'partial' | 'table';
export type Format = 'json' | 'yaml' | 'protobuf';
export interface Accepted {
  readonly shape: Shape;
  readonly format: Format;
}

const META_VERSIONS = new Set(['v1', 'v1beta1']);
const FORMATS: Readonly<Record<string, Format>> = {
  'application/json': 'json',
  'application/*': 'json',
  '*/*': 'json',
  'application/yaml': 'yaml',
  [PROTOBUF]: 'protobuf',
};
const kept = new Map<string, readonly Accepted[]>();
const MOST_KEPT = 1000;

/** Beside JSON, which everything has. */
export interface Offer {
  readonly protobuf: boolean;
  /** Streams are not written in YAML. */
  readonly yaml: boolean;
  /** Kinds that are answered and never read (reviews) have no table. */
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
  const found = clauses.find(({ format, shape }) => (format === 'json' || offer[format]) && (shape !== 'table' || offer.table));
  if (found) return found;
  const types = ['application/json', ...(offer.yaml ? ['application/yaml'] : []), ...(offer.protobuf ? [PROTOBUF] : [])];
  throw new ApiError('NotAcceptable', `only the following media types are accepted: ${types.join(', ')}`);
}

function parse(accept: string): readonly Accepted[] {
  if (accept.trim() === '') return [{ shape: 'object', format: 'json' }];
  const clauses = accept.split(',').flatMap((clause) => {
    const [type = '', ...rest] = clause.split(';').map((part) => part.trim());
    const parameters = new Map(rest.map((part) => part.split('=', 2) as [string, string]));
    const format = FORMATS[type];
    const shape = shapeOf(parameters);
    const quality = Number(parameters.get('q') ?? 1);
    // Tables have no protobuf form.
    return format && shape && quality > 0 && !(format === 'protobuf' && shape === 'table') ? [{ shape, format, quality }] : [];
  });
  return clauses.sort((a, b) => b.quality - a.quality).map(({ shape, format }) => ({ shape, format }));
}

function shapeOf(parameters: ReadonlyMap<string, string>): Shape | undefined {
  const as = parameters.get('as');
  if (as === undefined) return 'object';
  if (parameters.get('g') !== 'meta.k8s.io' || !META_VERSIONS.has(parameters.get('v') ?? '')) return undefined;
  if (as === 'Table') return 'table';
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? 'partial' : undefined;
}
