import type { Registry as Definitions } from '../api/registry.ts';
import { prune, validateSchema } from '../api/schema/index.ts';
import type { Transport } from '../api/transport.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { WatchCache } from '../store/watch-cache/collection.ts';
import { admissionChain } from './admission/chain.ts';
import { localTransport } from './local-transport.ts';
import { objectReader } from './object-reader.ts';
import type { AdmissionPlugin, ApiHandler, Authorizer, ObjectReader, UserInfo } from './ports.ts';
import { answerObject } from './registry/answer.ts';
import type { Allocator } from './registry/deps.ts';
import { type CustomSubresourceHandler, createRegistry, type Registry, type VirtualHandler } from './registry/registry.ts';
import { openResources, type Resources } from './registry/resources.ts';
import { scale } from './subresources/scale.ts';

export interface ApiCoreOptions {
  readonly definitions: Definitions;
  /** Opened resources: `openResources(definitions.all, cache)`. They exist before authn and authz, which read them. */
  readonly resources: Resources;
  readonly authorizer: Authorizer;
  readonly admission?: readonly AdmissionPlugin[];
  readonly allocators?: Readonly<Record<string, Allocator>>;
  readonly subresources?: Readonly<Record<string, CustomSubresourceHandler>>;
  readonly virtual?: Readonly<Record<string, VirtualHandler>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly newUid?: () => string;
}

/** The API without HTTP: what the HTTP server and callers in process share. */
export interface ApiCore {
  readonly registry: Registry;
  readonly handler: ApiHandler;
  readonly objects: ObjectReader;
  /** The in-process door for a user. Authorization applies as it does over HTTP. */
  localTransport(user: UserInfo): Transport;
}

export function createApiCore(options: ApiCoreOptions): ApiCore {
  const { definitions, resources, authorizer, clock, random, log } = options;
  const registry = createRegistry({
    resources,
    definition: (group, version, plural) => definitions.find(group, version, plural),
    schemas: { prune, validate: validateSchema },
    admission: admissionChain(options.admission ?? []),
    allocators: options.allocators ?? {},
    subresources: options.subresources ?? {},
    scale,
    virtual: options.virtual ?? {},
    clock,
    random,
    log,
    newUid: options.newUid ?? (() => crypto.randomUUID()),
  });
  return {
    registry,
    handler: { request: async (request, context) => answerObject(await registry.answer(request, context)) },
    objects: objectReader(resources),
    localTransport: (user) => localTransport(registry, authorizer, user),
  };
}

export const openApi = (definitions: Definitions, cache: WatchCache): Promise<Resources> => openResources(definitions.all, cache);
