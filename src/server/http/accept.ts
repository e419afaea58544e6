import { ApiError } from '../../api/meta/status.ts';

/** The shape that an answer takes. */
export type Shape = 'object' | 'partial' | 'table';

const META_VERSIONS = new Set(['v1', 'v1beta1']);
const kept = new Map<string, Shape | undefined>();
const MOST_KEPT = 1000;

/**
 * The first media type of the Accept header that this server can produce. Protobuf and CBOR are passed over: clients that prefer them name
 * JSON as well. Throws NotAcceptable when nothing fits.
 */
export function acceptedShape(accept: string | undefined): Shape {
  const key = accept ?? '';
  let shape = kept.get(key);
  if (shape === undefined && !kept.has(key)) {
    shape = decide(key);
    if (kept.size < MOST_KEPT) kept.set(key, shape);
  }
  if (shape !== undefined) return shape;
  const message = 'only the following media types are accepted: application/json, application/yaml';
  throw new ApiError('NotAcceptable', message);
}

function decide(accept: string): Shape | undefined {
  if (accept.trim() === '') return 'object';
  for (const clause of accept.split(',')) {
    const [type = '', ...rest] = clause.split(';').map((part) => part.trim());
    if (type !== 'application/json' && type !== '*/*' && type !== 'application/*') continue;
    const parameters = new Map(rest.map((part) => part.split('=', 2) as [string, string]));
    const as = parameters.get('as');
    if (as === undefined) return 'object';
    if (parameters.get('g') !== 'meta.k8s.io' || !META_VERSIONS.has(parameters.get('v') ?? '')) continue;
    if (as === 'Table') return 'table';
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return 'partial';
  }
  return undefined;
}
