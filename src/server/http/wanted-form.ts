import type { IncomingMessage } from 'node:http';
import { scaleColumns } from '../../api/autoscaling/scale-columns.ts';
import { apiVersionOf, type ResourceDefinition, type Subresource } from '../../api/define.ts';
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
    table: (definition.verbs.includes('get') || definition.verbs.includes('list')) && !answersAnotherKind(declared),
  };
  let accepted = negotiate(raw.headers.accept, offer);
  // Upstream asks for a watch twice: as for the list that it is of, and for the stream.
  if (request.verb === 'watch') accepted = negotiate(raw.headers.accept, { ...offer, yaml: false });
  return { accepted, include: accepted.shape === 'table' ? includeObject(query.get('includeObject')) : 'Metadata' };
}

const answersAnotherKind = (declared: Subresource | undefined) => declared?.kind === 'custom' && declared.objectKind !== undefined;
const SCALE: Shaped = { table: { columns: scaleColumns }, type: 'autoscaling.Scale' };

/** Scales of custom resources are read by the columns of the resource. */
export function shapedAs(definition: ResourceDefinition, declared: Subresource | undefined): Shaped {
  if (declared?.kind === 'scale' && !definition.structural) return SCALE;
  return { table: definition, type: workingType(definition) };
}
