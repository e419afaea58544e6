import type { Registry } from '../../api/registry.ts';
import { DISCOVERY_TYPES } from './media-types.ts';
import type { Operation, PathOperations } from './operation.ts';
import { groupName, lowerFirst } from './operation-names.ts';

/** A path that belongs to no group's version. In OpenAPI 3 each has a document of its own, which the index lists as `document`. */
export interface ServerPath extends PathOperations {
  readonly document: string;
}

const JSON_TYPES = ['application/json'];

/** How the server says what it is and has; groups of custom kinds are not told here (as upstream has it). */
export function serverPaths(registry: Registry): ServerPath[] {
  const builtIn = registry.groups.filter(
    ({ name, versions }) => name !== '' && versions.some((version) => registry.inVersion(name, version).some((r) => !r.structural)),
  );
  return [
    reading('.well-known/openid-configuration', {
      id: 'getServiceAccountIssuerOpenIDConfiguration',
      tag: 'WellKnown',
      description: 'get the OpenID configuration of the issuer of service account tokens',
      produces: JSON_TYPES,
    }),
    reading('api', {
      ...DISCOVERY,
      id: 'getCoreAPIVersions',
      tag: 'core',
      description: 'get available API versions',
      answer: 'APIVersions',
    }),
    reading('apis', { ...DISCOVERY, id: 'getAPIVersions', tag: 'apis', description: 'get available API versions', answer: 'APIGroupList' }),
    ...builtIn.map(({ name }) =>
      reading(`apis/${name}`, {
        ...DISCOVERY,
        id: `get${groupName(name)}APIGroup`,
        tag: lowerFirst(groupName(name)),
        description: 'get information of a group',
        answer: 'APIGroup',
      }),
    ),
    reading('openid/v1/jwks', {
      id: 'getServiceAccountIssuerOpenIDKeyset',
      tag: 'openid',
      description: 'get the keys that verify service account tokens',
      produces: ['application/jwk-set+json'],
    }),
    reading('version', {
      id: 'getCodeVersion',
      tag: 'version',
      description: 'get the version information for this server',
      consumes: JSON_TYPES,
      produces: JSON_TYPES,
      answer: 'VersionInfo',
    }),
  ];
}

const DISCOVERY = { consumes: DISCOVERY_TYPES, produces: DISCOVERY_TYPES };

type Read = Pick<Operation, 'id' | 'tag' | 'description' | 'produces'> & Partial<Pick<Operation, 'answer' | 'consumes'>>;

function reading(document: string, { answer, consumes = [], ...read }: Read): ServerPath {
  const operation: Operation = { ...read, answer, consumes, method: 'get', parameters: [], body: { is: 'none' }, codes: [200] };
  return { document, path: `/${document}/`, parameters: [], operations: [operation] };
}
