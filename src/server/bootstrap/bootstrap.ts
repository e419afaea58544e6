import { type ResourceDefinition, resourceId } from '../../api/define.ts';
import { flowControlObjects } from '../../api/flowcontrol/default-objects.ts';
import { registry } from '../../api/index.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../api/meta/status.ts';
import type { ApiRequest } from '../../api/transport.ts';
import type { Logger } from '../../base/logger.ts';
import { isUnreadable } from '../../store/store.ts';
import { type BootstrapToken, bootstrapTokenSecret } from '../authn/bootstrap-token.ts';
import type { ObjectReader, UserInfo } from '../ports.ts';
import { rbacObjects } from './rbac-objects-plan.ts';
import { planStep } from './reconcile-plan.ts';
import {
  defaultServiceCidr,
  dnsService,
  extensionAuthentication,
  namespaceObjects,
  priorityClasses,
  type ServerAddress,
  serverEndpoints,
  serverService,
} from './system-objects-plan.ts';

/** Who bootstrap's writes are to be made as. */
export const BOOTSTRAP_USER: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };

export interface BootstrapOptions {
  /** The registry's in-process door, as BOOTSTRAP_USER. */
  readonly write: (request: ApiRequest, options: { signal: AbortSignal }) => Promise<unknown>;
  readonly reader: ObjectReader;
  readonly address: ServerAddress;
  readonly pki: { readonly caPem: string; readonly frontProxyCaPem: string };
  /** The cluster's own join token; its Secret is written when absent, so deleting it needs a new token to stay away. */
  readonly token?: BootstrapToken;
  /** One range of Service addresses, or one of each family; absent: none is written. */
  readonly serviceCidrs?: readonly string[];
  /** Address of the cluster DNS; absent: somebody else sees to it. */
  readonly dnsAddress?: string;
  /** Is the kind served, of those that are off by default? Their roles come with them. Absent: none is. */
  readonly serves?: (resourceId: string) => boolean;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Writes what every cluster has: namespaces, default roles and bindings, priority classes, flow control, the `kubernetes` service. Safe to run
 * at each start: what is missing is added, what users added stays. Writes go out side by side, so that they share the store's commits.
 */
export async function bootstrap(options: BootstrapOptions): Promise<{ written: number }> {
  const { address, pki, token, serviceCidrs, dnsAddress } = options;
  // Admission refuses objects in a namespace that does not exist.
  const first = await reconcileAll(namespaceObjects(), options);
  const rest = await reconcileAll(
    [
      ...(serviceCidrs ? [defaultServiceCidr(serviceCidrs)] : []),
      serverService(address),
      ...serverEndpoints(address),
      ...(dnsAddress ? [dnsService(dnsAddress)] : []),
      ...rbacObjects(options.serves),
      ...priorityClasses(),
      ...flowControlObjects(),
      extensionAuthentication(pki),
      ...(token ? [bootstrapTokenSecret(token, { description: 'join token of the cluster' })] : []),
    ],
    options,
  );
  const written = first + rest;
  if (written > 0) options.log.info({ objects: written }, 'default objects written');
  return { written };
}

async function reconcileAll(wanted: readonly KubeObject[], options: BootstrapOptions): Promise<number> {
  const written = await Promise.all(wanted.map((object) => reconcile(object, options)));
  return written.filter(Boolean).length;
}

function definitionOf(object: KubeObject): ResourceDefinition {
  const [version = '', group = ''] = (object.apiVersion ?? '').split('/').reverse();
  const found = registry.findKind(group, version, object.kind ?? '');
  if (!found) throw new Error(`no definition of ${object.apiVersion} ${object.kind}`);
  return found;
}

/** A key that was lost must not keep the server from serving all else. */
function storedState<T>(read: () => T): T | 'unreadable' {
  try {
    return read();
  } catch (error) {
    if (isUnreadable(error)) return 'unreadable';
    throw error;
  }
}

/** true when something was written. */
async function reconcile(wanted: KubeObject, options: BootstrapOptions): Promise<boolean> {
  const definition = definitionOf(wanted);
  const { name = '', namespace = '' } = wanted.metadata ?? {};
  const before = storedState(() => options.reader.get(resourceId(definition), namespace, name));
  if (before === 'unreadable') {
    options.log.error(
      { resource: resourceId(definition), namespace, name },
      'a default object is encrypted with a key that is not configured: it is left as it is',
    );
    return false;
  }
  const step = planStep(before, wanted);
  if (step.do === 'nothing') return false;
  const { group, version, plural: resource } = definition;
  const about = { group, version, resource, ...(namespace && { namespace }), name };
  const send = (request: ApiRequest) => options.write(request, { signal: options.signal });
  const create = () => send({ ...about, verb: 'create', body: step.object });
  try {
    if (step.do === 'create') await create();
    else if (step.do === 'update') await send({ ...about, verb: 'update', body: step.object });
    else {
      await send({ ...about, verb: 'delete' });
      await create();
    }
    return true;
  } catch (error) {
    // Another server of the cluster was quicker: what it wrote is what we wanted to write.
    if (isAlreadyExists(error) || isConflict(error) || (step.do === 'replace' && isNotFound(error))) return false;
    throw error;
  }
}
