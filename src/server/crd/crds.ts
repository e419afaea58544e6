import { customResourceDefinitions } from '../../api/apiextensions/custom-resource-definition.ts';
import { resourceId } from '../../api/define.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { ObjectReader, UserInfo } from '../ports.ts';
import type { RegistryDeps } from '../registry/deps.ts';
import type { Registry } from '../registry/registry.ts';

export const CRDS = resourceId(customResourceDefinitions);
/** Who writes what this server itself says of custom resources. */
export const SERVER: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };

export interface CustomResourcesOptions {
  readonly deps: RegistryDeps;
  readonly registry: Registry;
  readonly objects: ObjectReader;
  readonly clock: Clock;
  readonly log: Logger;
}
