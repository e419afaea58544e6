import { loadPackageDefinition, Server, ServerCredentials } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeAddress } from './support/environment.ts';
import type { Pod, Probe } from './support/kinds.ts';
import { container, pod, SERVE, SLEEP } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('probes');
const GRPC_PORT = 9471;
const fast = (probe: Probe): Probe => ({ periodSeconds: 1, ...probe });
const isReady = (p: Pod) => p.status?.containerStatuses?.[0]?.ready;
const becomes = (name: string, ready: boolean) =>
  ns.until<Pod>(`${name} is ${ready ? '' : 'not '}ready`, `pod/${name}`, (p) => isReady(p) === ready && p.status?.phase === 'Running');

/** grpc.health.v1, as the probes of Kubernetes speak it. */
const HEALTH = {
  nested: {
    grpc: {
      nested: {
        health: {
          nested: {
            v1: {
              nested: {
                HealthCheckRequest: { fields: { service: { type: 'string', id: 1 } } },
                HealthCheckResponse: { fields: { status: { type: 'int32', id: 1 } } },
                Health: { methods: { Check: { requestType: 'HealthCheckRequest', responseType: 'HealthCheckResponse' } } },
              },
            },
          },
        },
      },
    },
  },
};

/** A health service on the node's address: a pod on the host's network has that address. */
async function startHealthServer(answer: (service: string) => number): Promise<Server> {
  const server = new Server();
  const definition = loadPackageDefinition(fromJSON(HEALTH as unknown as Parameters<typeof fromJSON>[0])) as unknown as {
    grpc: { health: { v1: { Health: { service: Parameters<Server['addService']>[0] } } } };
  };
  server.addService(definition.grpc.health.v1.Health.service, {
    Check: (call: { request: { service: string } }, done: (error: null, value: object) => void) =>
      done(null, { status: answer(call.request.service) }),
  });
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`${nodeAddress()}:${GRPC_PORT}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())),
  );
  return server;
}

let health: Server;
let serving = true;
beforeAll(async () => {
  health = await startHealthServer((service) => (service === 'app' && serving ? 1 : 2));
  const web = (probes: object) => container(SERVE, probes);
  await ns.apply(
    pod('exec', { containers: [container(SLEEP, { readinessProbe: fast({ exec: { command: ['test', '-e', '/tmp/ok'] } }) })] }),
    pod('http', {
      containers: [
        web({
          readinessProbe: fast({ httpGet: { path: '/state', port: 'web' as never, httpHeaders: [{ name: 'X-Probe', value: '1' }] } }),
          ports: [{ name: 'web', containerPort: 8080 }],
        }),
      ],
    }),
    pod('tcp', { containers: [container(`sleep 1; ${SERVE}`, { readinessProbe: fast({ tcpSocket: { port: 8080 } }) })] }),
    pod('tcp-closed', { containers: [container(SLEEP, { readinessProbe: fast({ tcpSocket: { port: 8080 } }) })] }),
    pod('grpc', {
      hostNetwork: true,
      containers: [container(SLEEP, { readinessProbe: fast({ grpc: { port: GRPC_PORT, service: 'app' } }) })],
    }),
    pod('live', {
      containers: [
        container(`touch /tmp/live; ${SLEEP}`, {
          livenessProbe: fast({ exec: { command: ['test', '-e', '/tmp/live'] }, failureThreshold: 1 }),
        }),
      ],
    }),
    pod('starting', {
      containers: [
        container(SLEEP, {
          startupProbe: fast({ exec: { command: ['test', '-e', '/tmp/started'] }, failureThreshold: 60 }),
          livenessProbe: fast({ exec: { command: ['test', '-e', '/tmp/started'] }, failureThreshold: 1 }),
        }),
      ],
    }),
    pod('never-starts', { containers: [container(SLEEP, { startupProbe: fast({ exec: { command: ['false'] }, failureThreshold: 2 }) })] }),
  );
});
afterAll(() => health.forceShutdown());

test('an exec probe follows what its command says', async () => {
  await becomes('exec', false);
  await ns.sh('exec', 'touch /tmp/ok');
  await becomes('exec', true);
  await ns.sh('exec', 'rm /tmp/ok');
  const unready = await becomes('exec', false);
  expect(unready.status?.conditions?.find((c) => c.type === 'Ready')).toMatchObject({ status: 'False', reason: 'ContainersNotReady' });
});

test('an HTTP probe follows the status code, by port name', async () => {
  const unready = await becomes('http', false);
  await eventually('the reason is told', async () =>
    (await ns.run('events', '--for', 'pod/http')).includes('HTTP probe failed with statuscode: 404'),
  );
  await ns.sh(unready.metadata?.name ?? '', 'echo fine >/tmp/www/state');
  await becomes('http', true);
});

test('a TCP probe wants a listener', async () => {
  await becomes('tcp', true);
  await becomes('tcp-closed', false);
  await eventually('the reason is told', async () => /Unhealthy.*refused/.test(await ns.run('events', '--for', 'pod/tcp-closed')));
});

test('a gRPC probe asks the health service by name', async () => {
  await becomes('grpc', true);
  serving = false;
  await becomes('grpc', false);
});

test('a failed liveness probe restarts the container', async () => {
  await ns.podReady('live');
  await ns.sh('live', 'rm /tmp/live');
  await ns.until<Pod>('it restarts', 'pod/live', (p) => p.status?.containerStatuses?.[0]?.restartCount === 1 && isReady(p));
  expect(await ns.run('events', '--for', 'pod/live')).toMatch(/Killing[\s\S]*failed liveness probe, will be restarted/);
});

test('a startup probe holds the others back, and restarts what never starts', async () => {
  const starting = await ns.json<Pod>('get', 'pod', 'starting');
  expect(starting.status?.containerStatuses?.[0]).toMatchObject({ started: false, ready: false, restartCount: 0 });
  await ns.sh('starting', 'touch /tmp/started');
  expect((await ns.podReady('starting')).status?.containerStatuses?.[0]).toMatchObject({ started: true, restartCount: 0 });
  await ns.until<Pod>('it restarts', 'pod/never-starts', (p) => (p.status?.containerStatuses?.[0]?.restartCount ?? 0) >= 1);
});
