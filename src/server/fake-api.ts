import { fullRegistry as definitions } from '../api/index.ts';
import type { KubeList, KubeObject } from '../api/meta/object.ts';
import type { ApiRequest, Transport, Verb } from '../api/transport.ts';
import { type FakeClock, fakeClock } from '../base/fake-clock.ts';
import { silentLogger } from '../base/logger.ts';
import { systemRandom } from '../base/random.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { createWatchCache } from '../store/watch-cache/watch-cache.ts';
import { objectReader } from './object-reader.ts';
import type { AdmissionPlugin, ObjectReader, UserInfo } from './ports.ts';
import type { Resources } from './registry/resources.ts';
import { type ApiCore, type ApiCoreOptions, createApiCore, openApi } from './server.ts';

export const ADMIN: UserInfo = { name: 'admin', groups: ['system:masters'] };

/** A whole API for tests, in memory unless a store is given (whoever opened it closes it): everything is allowed and nothing is admitted specially unless `options` say otherwise (`admission: undefined`: the built-in plugins). */
export interface FakeApi extends ApiCore {
  readonly clock: FakeClock;
  readonly resources: Resources;
  readonly transport: Transport;
  /** `call('create', 'pods', { namespace, body })`; the resource is an id such as `deployments.apps`. Bodies are copied. */
  call<T = KubeObject & { spec?: never }>(verb: Verb, resource: string, rest?: Partial<ApiRequest>): Promise<T>;
  list(resource: string, rest?: Partial<ApiRequest>): Promise<KubeList>;
}

export interface FakeApiOptions extends Partial<ApiCoreOptions> {
  readonly store?: Store;
  /** In place of `admission`, for plugins that read objects. */
  readonly admissionOver?: (objects: ObjectReader) => readonly AdmissionPlugin[];
}

export async function fakeApi({ store: given, admissionOver, ...options }: FakeApiOptions = {}): Promise<FakeApi> {
  const clock = fakeClock();
  const store = given ?? (await openStore({ url: 'memory:', clock, log: silentLogger }));
  const cache = createWatchCache(store, { clock, log: silentLogger });
  const resources = await openApi(definitions, cache);
  const authorizer = () => ({ allowed: true, reason: '' });
  const core = createApiCore({
    resources,
    authorizer,
    clock,
    random: systemRandom,
    log: silentLogger,
    admission: [],
    ...options,
    ...(admissionOver && { admission: admissionOver(objectReader(resources)) }),
  });
  const transport = core.localTransport(ADMIN, 'test');
  const call = async (verb: Verb, id: string, rest: Partial<ApiRequest> = {}) => {
    const definition = resources.definitions.byId(id);
    if (!definition) throw new Error(`no resource ${id}`);
    const { group, version, plural } = definition;
    const request: ApiRequest = { verb, group, version, resource: plural, ...rest };
    return transport.request(request, { signal: new AbortController().signal });
  };
  return {
    ...core,
    clock,
    resources,
    transport,
    call: call as FakeApi['call'],
    list: (id, rest) => call('list', id, rest) as Promise<KubeList>,
  };
}
