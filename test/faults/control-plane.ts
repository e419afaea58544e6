import { registry } from '../../src/api/index.ts';
import { customKinds } from '../../src/api/live-registry.ts';
import { ApiError } from '../../src/api/meta/status.ts';
import type { Transport } from '../../src/api/transport.ts';
import type { Clock } from '../../src/base/clock.ts';
import { type Component, runAll } from '../../src/base/component.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { Random } from '../../src/base/random.ts';
import { createClient } from '../../src/client/client.ts';
import { eventRecorder } from '../../src/client/events.ts';
import { createInformers } from '../../src/client/informer.ts';
import { runControllers } from '../../src/client/run-controllers.ts';
import { controllers } from '../../src/controllers/index.ts';
import { createScheduler } from '../../src/scheduler/scheduler.ts';
import { type ApiCore, createApiCore, openApi } from '../../src/server/server.ts';
import type { Store } from '../../src/store/store.ts';
import { createWatchCache } from '../../src/store/watch-cache/watch-cache.ts';
import { doorOf } from './actor.ts';
import { settled } from './settled.ts';

export interface ControlPlaneOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly newUid: () => string;
  /** Puts itself between a component and the API: `deployment`, `scheduler`, `informers`. */
  readonly between: (component: string, transport: Transport) => Transport;
  /** Told whenever controllers and scheduler begin, with nothing but what the API holds. */
  readonly onStart: () => void;
}

/** API server, scheduler and all controllers on one store, which outlives them. */
export interface ControlPlane {
  start(): Promise<void>;
  /** Ends them all, whatever they were doing; the next start knows only what is in the store. */
  stop(): Promise<void>;
  /** Controllers and scheduler alone forget what they know. */
  restartControllers(): Promise<void>;
  /** Leads to the API server that runs; while there is none, requests get 503 and watches end. */
  door(name: string): Transport;
}

const ADMINISTRATOR = ['system:masters', 'system:authenticated'];
const noSigner = { describeCsr: () => Promise.reject(new Error('no requests here')), signCsr: () => Promise.reject(new Error('none')) };

/** A component that was started, and how to end it. */
interface Running {
  end(): Promise<void>;
}

function start(component: Component): Running {
  const stop = new AbortController();
  const run = component.run({ signal: stop.signal, ready() {} });
  return {
    async end() {
      stop.abort();
      await run;
    },
  };
}

export function controlPlane(options: ControlPlaneOptions): ControlPlane {
  let core: ApiCore | undefined;
  let api: Running | undefined;
  let loops: Running | undefined;

  const inner = (name: string): Transport => ({
    async request(request, how) {
      if (!core) throw new ApiError('ServiceUnavailable', 'the server is down');
      return core.localTransport({ name, groups: ADMINISTRATOR }, name).request(request, how);
    },
    async *watch(request, how) {
      if (!core) throw new ApiError('ServiceUnavailable', 'the server is down');
      yield* core.localTransport({ name, groups: ADMINISTRATOR }, name).watch(request, how);
    },
  });
  const door = (name: string) => doorOf(name, inner(name));

  return {
    door,
    async start() {
      const served = await openServer(options);
      core = served.core;
      api = served.running;
      options.onStart();
      loops = start(controlLoops(served.core, door, options));
    },
    async stop() {
      core = undefined;
      await loops?.end();
      // Nothing of a process that has ended is carried out after the next one has read the store.
      await settled();
      await api?.end();
    },
    async restartControllers() {
      if (!core) return;
      await loops?.end();
      options.onStart();
      loops = start(controlLoops(core, door, options));
    },
  };
}

async function openServer({ store, clock, random, log, newUid }: ControlPlaneOptions): Promise<{ core: ApiCore; running: Running }> {
  const cache = createWatchCache(store, { clock, log });
  const resources = await openApi(registry, cache);
  const core = createApiCore({
    resources,
    authorizer: () => ({ allowed: true, reason: '' }),
    serviceCidrs: ['10.43.0.0/16'],
    clock,
    random,
    log,
    newUid,
  });
  const custom = start(core.customResources);
  return {
    core,
    running: {
      async end() {
        await custom.end();
        await cache.close();
      },
    },
  };
}

/** As the server's process has them, but for this: each component has a way to the API of its own, so that it is known who asked. */
function controlLoops(core: ApiCore, door: ControlPlane['door'], { between, clock, random, log }: ControlPlaneOptions): Component {
  const clientOf = (component: string) => createClient(between(component, door(component)));
  const informers = createInformers({ client: clientOf('informers'), clock, log, random });
  const list = controllers({
    registry,
    custom: customKinds(core.definitions),
    caPem: 'CA',
    signer: noSigner,
    issueToken: async () => 'token',
    podRanges: [{ cidr: '10.42.0.0/16', nodeBits: 24 }],
  });
  const loops = list.map((controller) =>
    runControllers({ controllers: [controller], client: clientOf(controller.name), informers, resource: registry.byId, clock, log }),
  );
  const client = clientOf('scheduler');
  const events = eventRecorder({ client, component: 'default-scheduler', clock, log });
  const scheduler = createScheduler({ client, informers, event: events.event, clock, random, log });
  return { name: 'control loops', run: (run) => runAll([informers, ...loops, events, scheduler], run) };
}
