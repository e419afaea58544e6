import { ApiError } from '../../api/meta/status.ts';
import { PROTOBUF } from '../../api/protobuf/index.ts';

/** The shape that an answer takes. */
export type Shape = 'object' | 'partial' | 'table';
export type Format = 'json' | 'protobuf';
export interface Accepted {
  readonly shape: Shape;
  readonly format: Format;
}

const META_VERSIONS = new Set(['v1', 'v1beta1']);
const FORMATS: Readonly<Record<string, Format>> = {
  'application/json': 'json',
  'application/*': 'json',
  '*/*': 'json',
  [PROTOBUF]: 'protobuf',
};
const kept = new Map<string, readonly Accepted[]>();
const MOST_KEPT = 1000;

/**
 * The first media type of the Accept header that this server can produce, by the header's order. `protobuf`: has the kind a protobuf form? CBOR is
 * passed over: clients that prefer it name JSON as well. Throws NotAcceptable when nothing fits.
 */
export function negotiate(accept: string | undefined, protobuf: boolean): Accepted {
  const key = accept ?? '';
  let clauses = kept.get(key);
  if (!clauses) {
    clauses = parse(key);
    if (kept.size < MOST_KEPT) kept.set(key, clauses);
  }
  const found = clauses.find(({ format }) => protobuf || format === 'json');
  if (found) return found;
  const types = ['application/json', 'application/yaml', ...(protobuf ? [PROTOBUF] : [])];
  throw new ApiError('NotAcceptable', `only the following media types are accepted: ${types.join(', ')}`);
}

function parse(accept: string): readonly Accepted[] {
  if (accept.trim() === '') return [{ shape: 'object', format: 'json' }];
  return accept.split(',').flatMap((clause) => {
    const [type = '', ...rest] = clause.split(';').map((part) => part.trim());
    const format = FORMATS[type];
    const shape = shapeOf(new Map(rest.map((part) => part.split('=', 2) as [string, string])));
    // Tables have no protobuf form.
    return format && shape && !(format === 'protobuf' && shape === 'table') ? [{ shape, format }] : [];
  });
}

function shapeOf(parameters: ReadonlyMap<string, string>): Shape | undefined {
  const as = parameters.get('as');
  if (as === undefined) return 'object';
  if (parameters.get('g') !== 'meta.k8s.io' || !META_VERSIONS.has(parameters.get('v') ?? '')) return undefined;
  if (as === 'Table') return 'table';
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? 'partial' : undefined;
}
