import type { IncomingMessage } from 'node:http';
import { customScaleColumns, scaleColumns } from '../../api/autoscaling/scale-columns.ts';
import { apiVersionOf, type ResourceDefinition, resourceId, type Subresource } from '../../api/define.ts';
import { hasProtobuf } from '../../api/protobuf/index.ts';
import { workingType } from '../registry/go-types.ts';
import { type Accepted, checkRouted, negotiate } from './accept.ts';
import type { Routed } from './resource-request.ts';
import type { Shaped } from './respond.ts';
import { type IncludeObject, includeObject } from './table.ts';

/** How the client wants to see what it asks for. Throws NotAcceptable, and BadRequest for a way to include objects that there is not. */
export function wantedForm(
  raw: IncomingMessage,
  { definition, request, query, path }: Routed,
): { accepted: Accepted; include: IncludeObject } {
  const declared = path.subresource === undefined ? undefined : definition.subresources[path.subresource];
  if (!definition.structural) checkRouted(raw.headers.accept, request.verb);
  const offer = {
    protobuf: hasProtobuf({ apiVersion: apiVersionOf(definition), kind: definition.kind }),
    yaml: true,
    table: (definition.verbs.includes('get') || definition.verbs.includes('list')) && !isUntabled(definition, path.subresource, declared),
  };
  let accepted = negotiate(raw.headers.accept, offer);
  // Upstream asks for a watch twice: as for the list that it is of, and for the stream.
  if (request.verb === 'watch') accepted = negotiate(raw.headers.accept, { ...offer, yaml: false });
  return { accepted, include: accepted.shape === 'table' ? includeObject(query.get('includeObject')) : 'Metadata' };
}

/** What answers another kind has no table, and neither has what upstream did not give one. */
const isUntabled = (definition: ResourceDefinition, subresource: string | undefined, declared: Subresource | undefined): boolean =>
  subresource !== undefined &&
  ((declared?.kind === 'custom' && declared.objectKind !== undefined) || UNTABLED.has(`${resourceId(definition)}/${subresource}`));

/** Parts of objects whose storage has no ConvertToTable upstream. */
const UNTABLED = new Set([
  'apiservices.apiregistration.k8s.io/status',
  'certificatesigningrequests.certificates.k8s.io/approval',
  'customresourcedefinitions.apiextensions.k8s.io/status',
  'namespaces/finalize',
  'pods/ephemeralcontainers',
  'pods/resize',
  'resourceclaims.resource.k8s.io/status',
]);
const SCALE: Shaped = { table: { columns: scaleColumns }, type: 'autoscaling.Scale' };

const CUSTOM_SCALE: Shaped = { table: { columns: customScaleColumns }, type: 'autoscaling.Scale' };

export function shapedAs(definition: ResourceDefinition, declared: Subresource | undefined): Shaped {
  if (declared?.kind === 'scale') return definition.structural ? CUSTOM_SCALE : SCALE;
  return { table: definition, type: workingType(definition) };
}
