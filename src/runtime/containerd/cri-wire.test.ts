import { expect, test } from 'vitest';
import { eventChannel } from '../event-channel.ts';
import { decode } from './cri-events.ts';
import * as wire from './cri-wire.ts';
import { toRuntimeError } from './grpc.ts';
import { importedNames } from './image-import.ts';

const namespaces = { network: 'pod', pid: 'target', ipc: 'node', targetId: 'c1' } as const;

test('users, namespaces and default masks reach the wire; a privileged container masks nothing', () => {
  const config = wire.toContainerConfig({
    metadata: { name: 'c', attempt: 1 },
    image: 'i',
    command: [],
    args: [],
    env: [{ key: 'A', value: 'b' }],
    mounts: [{ containerPath: '/c', hostPath: '/h', readonly: true, propagation: 'hostToContainer' }],
    labels: {},
    annotations: {},
    logPath: 'l',
    stdin: false,
    stdinOnce: false,
    tty: false,
    linux: { resources: { memoryLimitBytes: 5 }, securityContext: { namespaces, runAsUser: 0 } },
  });
  expect(config).toMatchObject({
    image: { image: 'i' },
    envs: [{ key: 'A', value: 'b' }],
    mounts: [{ propagation: 'PROPAGATION_HOST_TO_CONTAINER' }],
    linux: {
      resources: { memoryLimitInBytes: 5 },
      securityContext: { namespaceOptions: { network: 'POD', pid: 'TARGET', ipc: 'NODE', targetId: 'c1' }, runAsUser: { value: 0 } },
    },
  });
  expect(config.linux.securityContext.maskedPaths).toContain('/proc/kcore');
  expect(config.linux.securityContext.runAsGroup).toBeUndefined();
});

test('nanoseconds become milliseconds and addresses keep their order', () => {
  const status = wire.fromSandboxStatus({
    id: 's',
    metadata: { name: 'n', uid: 'u', namespace: 'd', attempt: 0 },
    state: 'SANDBOX_NOTREADY',
    createdAt: 1_700_000_000_123.5 * 1e6,
    labels: {},
    annotations: {},
    network: { ip: '10.0.0.1', additionalIps: [{ ip: 'fd00::1' }] },
    linux: { namespaces: { options: { network: 'NODE', pid: 'CONTAINER', ipc: 'POD', targetId: '' } } },
  });
  expect(status).toMatchObject({ state: 'notReady', createdAtMs: 1_700_000_000_123, ips: ['10.0.0.1', 'fd00::1'] });
  expect(status.namespaces).toEqual({ network: 'node', pid: 'container', ipc: 'pod' });
});

/** Protobuf, by hand: field 1 and field 2 as strings. */
const strings = (first: string, second: string) =>
  Buffer.concat([Buffer.from([0x0a, first.length]), Buffer.from(first), Buffer.from([0x12, second.length]), Buffer.from(second)]);

test("an exec's exit is not its container's, and other topics are passed over", () => {
  const envelope = (topic: string, value: Buffer) => ({ topic, timestamp: { seconds: 7, nanos: 5_000_000 }, event: { value } });
  expect(decode(envelope('/tasks/exit', strings('abc', 'abc')))).toEqual({ type: 'stopped', containerId: 'abc', atMs: 7005 });
  expect(decode(envelope('/tasks/exit', strings('abc', 'exec')))).toBeUndefined();
  const started = Buffer.concat([Buffer.from([0x0a, 3]), Buffer.from('abc'), Buffer.from([0x10, 42])]);
  expect(decode(envelope('/tasks/start', started))).toMatchObject({ type: 'started', containerId: 'abc' });
  expect(decode(envelope('/containers/delete', Buffer.from([0x0a, 1, 0x78])))).toMatchObject({ type: 'deleted', containerId: 'x' });
  expect(decode(envelope('/snapshot/commit', Buffer.alloc(0)))).toBeUndefined();
});

test('gRPC codes become reasons', () => {
  const notFound = { reason: 'NotFound', message: 'rpc error: code = NotFound desc = gone', details: 'gone' };
  expect(toRuntimeError({ code: 5, details: 'gone' })).toMatchObject(notFound);
  expect(toRuntimeError({ code: 14, details: '' }).reason).toBe('Unavailable');
  expect(toRuntimeError({ code: 2, details: 'x' })).toMatchObject({ reason: 'Unknown', message: 'rpc error: code = Unknown desc = x' });
});

test('the names of imported images are read from what ctr prints', () => {
  expect(importedNames('unpacking example.com/a:1 (sha256:ab)...done\nunpacking b:2 (sha256:cd)...done\n')).toEqual([
    'example.com/a:1',
    'b:2',
  ]);
});

test('a consumer that falls behind sees what was queued, then the overflow', async () => {
  const channel = eventChannel<number>({ capacity: 2, overflow: () => new Error('behind') });
  expect([channel.push(1), channel.push(2), channel.push(3), channel.push(4)]).toEqual([true, true, false, false]);
  const seen: number[] = [];
  const reading = (async () => {
    for await (const n of channel) seen.push(n);
  })();
  await expect(reading).rejects.toThrow('behind');
  expect(seen).toEqual([1, 2]);
});
