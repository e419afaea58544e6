import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { events, nodes, persistentVolumeClaims, persistentVolumes, pods } from '../../api/index.ts';
import type { Node, Pod, VolumeAttachment } from '../../api/schema/generated/types.ts';
import { csiDrivers } from '../../api/storage/csi-driver.ts';
import { volumeAttachments } from '../../api/storage/volume-attachment.ts';
import { type FakeClock, fakeClock } from '../../base/fake-clock.ts';
import { type FakeCluster, fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { attachDetach } from './attachdetach.ts';

const DRIVER = 'disk.example.com';
const FINALIZER = 'external-attacher/disk-example-com';
const unique = (name: string) => `kubernetes.io/csi/${DRIVER}^${name}-handle`;

let stop = new AbortController();
afterEach(() => stop.abort());

/** A cluster whose driver attaches what it is told to, as soon as `drive` is called. */
class World {
  readonly clock: FakeClock = fakeClock();
  readonly cluster: FakeCluster = fakeCluster({ clock: this.clock });
  attachError: string | undefined;
  readonly #signal: AbortSignal;

  constructor() {
    stop = new AbortController();
    this.#signal = stop.signal;
  }

  start(): void {
    startControllers([attachDetach()], { client: this.cluster.client, clock: this.clock, signal: this.#signal });
  }

  node(
    name: string,
    { isReady = true, isManaged = true, ...status }: { isReady?: boolean; isManaged?: boolean } & Node['status'] = {},
  ): void {
    const annotations: Record<string, string> = isManaged ? { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' } : {};
    const conditions = [{ type: 'Ready', status: isReady ? 'True' : 'Unknown' }];
    this.cluster.seed<Node>(nodes, { metadata: { name, annotations }, status: { conditions, ...status } });
  }

  /** A volume and the claim that it is bound to. */
  volume(name: string, accessModes = ['ReadWriteOnce'], namespace = 'n'): void {
    const claimRef = { namespace, name, uid: `claim-${name}` };
    const spec = { accessModes, claimRef, csi: { driver: DRIVER, volumeHandle: `${name}-handle` } };
    this.cluster.seed(persistentVolumes, { metadata: { name: `pv-${name}` }, spec });
    const claim = { metadata: { name, namespace, uid: `claim-${name}` }, spec: { volumeName: `pv-${name}` }, status: { phase: 'Bound' } };
    this.cluster.seed(persistentVolumeClaims, claim);
  }

  pod(name: string, nodeName: string, claims: readonly string[], namespace = 'n'): void {
    const volumes = claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } }));
    this.cluster.seed<Pod>(pods, { metadata: { name, namespace, uid: name }, spec: { nodeName, containers: [], volumes } });
  }

  endPod(name: string, namespace = 'n'): void {
    const pod = this.cluster.find<Pod>(pods, `${namespace}/${name}`);
    if (pod) this.cluster.seed<Pod>(pods, { ...pod, status: { phase: 'Succeeded' } });
  }

  setNode(name: string, change: (node: Node) => Partial<Node>): void {
    const node = this.cluster.find<Node>(nodes, name);
    if (node) this.cluster.seed<Node>(nodes, { ...node, ...change(node) });
  }

  mount(name: string, ...volumesInUse: string[]): void {
    this.setNode(name, ({ status }) => ({ status: { ...status, volumesInUse: volumesInUse.map(unique) } }));
  }

  /** The external attacher carries out what it is asked for. */
  async drive(): Promise<void> {
    for (const attachment of this.attachments()) {
      const { metadata } = attachment;
      if (metadata?.deletionTimestamp) {
        const body = { ...attachment, metadata: { ...metadata, finalizers: [] } };
        await this.cluster.client.update(volumeAttachments, body, { signal: this.#signal });
      } else if (!attachment.status?.attached) {
        const status = this.attachError ? { attached: false, attachError: { message: this.attachError } } : { attached: true };
        this.cluster.seed<VolumeAttachment>(volumeAttachments, {
          ...attachment,
          metadata: { ...metadata, finalizers: [FINALIZER] },
          status,
        });
      }
    }
    await this.clock.advance(100);
  }

  attachments = (): readonly VolumeAttachment[] => this.cluster.all<VolumeAttachment>(volumeAttachments);
  placed = () =>
    this.attachments()
      .map(({ spec }) => `${spec.source.persistentVolumeName} on ${spec.nodeName}`)
      .toSorted();
  shown = (node: string) => (this.cluster.find<Node>(nodes, node)?.status?.volumesAttached ?? []).map(({ name }) => name).toSorted();
  said = () => this.cluster.all(events).map(({ reason, message }) => `${reason}: ${message}`);
}

async function started(prepare: (world: World) => void): Promise<World> {
  const world = new World();
  prepare(world);
  world.start();
  await world.clock.advance(100);
  return world;
}

describe('a volume that a pod needs', () => {
  it('is attached to its node, which is told when the driver has done it, and the pod as well', async () => {
    const world = await started((w) => {
      w.node('a');
      w.volume('data');
      w.pod('p', 'a', ['data']);
    });
    const [attachment] = world.attachments();
    expect(attachment).toMatchObject({
      metadata: { name: 'csi-e0564d350feac73480617dcbaf139825d3c9249237119130c59302f4e32c866f' },
      spec: { attacher: DRIVER, nodeName: 'a', source: { persistentVolumeName: 'pv-data' } },
    });
    expect(world.shown('a')).toEqual([]);
    await world.drive();
    expect(world.shown('a')).toEqual([unique('data')]);
    expect(world.said()).toEqual(['SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "pv-data" ']);
  });

  it('is none that is attached when its driver does not attach, its claim is not bound, or its node is not managed', async () => {
    const world = await started((w) => {
      w.node('a');
      w.node('b', { isManaged: false });
      w.volume('data');
      w.volume('loose');
      w.cluster.seed(persistentVolumeClaims, { metadata: { name: 'loose', namespace: 'n' }, spec: {}, status: { phase: 'Pending' } });
      w.pod('p', 'b', ['data']);
      w.pod('q', 'a', ['loose']);
    });
    expect(world.placed()).toEqual([]);
    world.cluster.seed(csiDrivers, { metadata: { name: DRIVER }, spec: { attachRequired: false } });
    world.pod('r', 'a', ['data']);
    await world.clock.advance(100);
    expect(world.placed()).toEqual([]);
    world.cluster.seed(csiDrivers, { metadata: { name: DRIVER }, spec: { attachRequired: true } });
    await world.clock.advance(100);
    expect(world.placed()).toEqual(['pv-data on a']);
  });

  it('is told of to the pod when the driver cannot attach it, once for each failure, or takes too long', async () => {
    const world = await started((w) => {
      w.node('a');
      w.volume('data');
      w.pod('p', 'a', ['data']);
    });
    await world.clock.advance(121_000);
    const late = 'timed out waiting for external-attacher of disk.example.com CSI driver to attach volume data-handle';
    expect(world.said()).toEqual([`FailedAttachVolume: AttachVolume.Attach failed for volume "pv-data" : ${late}`]);
    world.attachError = 'no such disk';
    await world.drive();
    await world.drive();
    expect(world.said().slice(1)).toEqual(['FailedAttachVolume: AttachVolume.Attach failed for volume "pv-data" : no such disk']);
    world.attachError = undefined;
    await world.drive();
    expect(world.shown('a')).toEqual([unique('data')]);
  });

  it('goes to one node at a time when it may be on one alone, and the pod that waits is told who has it', async () => {
    const world = await started((w) => {
      w.node('a');
      w.node('b');
      w.volume('data');
      w.pod('p', 'a', ['data']);
    });
    await world.drive();
    world.pod('q', 'b', ['data']);
    await world.clock.advance(100);
    expect(world.placed()).toEqual(['pv-data on a']);
    expect(world.said()).toContain('FailedAttachVolume: Multi-Attach error for volume "pv-data" Volume is already used by pod(s) p');
    world.endPod('p');
    await world.clock.advance(100);
    await world.drive();
    await world.drive();
    expect(world.placed()).toEqual(['pv-data on b']);
    expect([world.shown('a'), world.shown('b')]).toEqual([[], [unique('data')]]);
  });

  it('goes to several nodes when it may be on several', async () => {
    const world = await started((w) => {
      w.node('a');
      w.node('b');
      w.volume('data', ['ReadWriteMany']);
      w.pod('p', 'a', ['data']);
      w.pod('q', 'b', ['data']);
    });
    expect(world.placed()).toEqual(['pv-data on a', 'pv-data on b']);
  });

  it('goes to one node alone although two pods on two nodes ask in the same moment', async () => {
    const world = await started((w) => {
      w.node('a');
      w.node('b');
      w.volume('data');
      w.pod('p', 'a', ['data']);
      w.pod('q', 'b', ['data']);
    });
    expect(world.placed()).toHaveLength(1);
  });
});

describe('a volume that nobody needs any more', () => {
  const mounted = async (): Promise<World> => {
    const world = await started((w) => {
      w.node('a');
      w.volume('data');
      w.pod('p', 'a', ['data']);
    });
    await world.drive();
    world.mount('a', 'data');
    world.endPod('p');
    await world.clock.advance(100);
    return world;
  };
  const going = (world: World) => world.attachments().map(({ metadata }) => metadata?.deletionTimestamp !== undefined);

  it('is detached when its node has unmounted it, and not before', async () => {
    const world = await mounted();
    await world.clock.advance(30 * 60_000);
    expect(going(world)).toEqual([false]);
    expect(world.shown('a')).toEqual([unique('data')]);
    world.mount('a');
    await world.clock.advance(100);
    expect(world.shown('a')).toEqual([]);
    await world.drive();
    expect(world.attachments()).toEqual([]);
  });

  it('stays when a pod needs it again in time', async () => {
    const world = await mounted();
    world.pod('again', 'a', ['data']);
    world.setNode('a', ({ status }) => ({ status: { ...status, conditions: [{ type: 'Ready', status: 'Unknown' }] } }));
    await world.clock.advance(10 * 60_000);
    expect(going(world)).toEqual([false]);
  });

  it('is taken after six minutes from a node that is not ready', async () => {
    const world = await mounted();
    world.setNode('a', ({ status }) => ({ status: { ...status, conditions: [{ type: 'Ready', status: 'Unknown' }] } }));
    await world.clock.advance(5 * 60_000);
    expect(going(world)).toEqual([false]);
    await world.clock.advance(61_000);
    expect(going(world)).toEqual([true]);
    expect(world.shown('a')).toEqual([]);
  });

  it('is taken at once from a node that is out of service, and from one that is gone', async () => {
    const lost = await mounted();
    lost.setNode('a', () => ({ spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] } }));
    await lost.clock.advance(100);
    expect(going(lost)).toEqual([true]);
    stop.abort();
    const gone = await mounted();
    await gone.cluster.client.delete(nodes, 'a', { signal: new AbortController().signal });
    await gone.clock.advance(100);
    expect(going(gone)).toEqual([true]);
  });

  it('stays when the node says in the last moment that it mounts it', async () => {
    const world = await started((w) => {
      w.node('a');
      w.volume('data');
      w.pod('p', 'a', ['data']);
    });
    await world.drive();
    const { client } = world.cluster;
    const get = client.get.bind(client);
    client.get = async (resource, name, options) => {
      const found = await get(resource, name, options);
      return name === 'a' ? { ...found, status: { volumesInUse: [unique('data')] } } : found;
    };
    world.endPod('p');
    await world.clock.advance(2000);
    expect(going(world)).toEqual([false]);
  });
});

it('attachments of others are left alone, and what a node says of volumes of other kinds', async () => {
  const world = await started((w) => {
    w.node('a', {
      volumesAttached: [
        { name: 'kubernetes.io/else/x', devicePath: '/dev/x' },
        { name: unique('left'), devicePath: '' },
      ],
    });
    w.volume('data');
    const spec = { attacher: DRIVER, nodeName: 'a', source: { persistentVolumeName: 'pv-data' } };
    w.cluster.seed(volumeAttachments, { metadata: { name: 'by-hand' }, spec });
  });
  await world.clock.advance(1000);
  expect(world.attachments()).toHaveLength(1);
  expect(world.shown('a')).toEqual(['kubernetes.io/else/x']);
});

it('whatever pods come and go, no volume is on two nodes, none leaves while it is mounted, and in the end exactly what is needed is attached', async () => {
  const names = ['a', 'b', 'c'];
  const claims = ['v', 'w'];
  const step = fc.oneof(
    fc.record({ do: fc.constant('run' as const), node: fc.constantFrom(...names), claim: fc.constantFrom(...claims) }),
    fc.record({ do: fc.constant('end' as const), node: fc.constantFrom(...names), claim: fc.constantFrom(...claims) }),
    fc.record({ do: fc.constantFrom('drive' as const, 'unmount' as const, 'restart' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const world = await started((w) => {
        for (const name of names) w.node(name);
        for (const claim of claims) w.volume(claim);
      });
      const running = new Set<string>();
      const inUse = new Map(names.map((name) => [name, new Set<string>()]));
      const kubelets = (mayUnmount: boolean) => {
        for (const name of names) {
          const used = inUse.get(name) as Set<string>;
          for (const claim of claims) {
            if (running.has(`${name}-${claim}`)) used.add(claim);
            else if (mayUnmount) used.delete(claim);
          }
          world.mount(name, ...used);
        }
      };
      const check = () => {
        expect(new Set(world.placed().map((text) => text.split(' on ')[0])).size).toBe(world.placed().length);
        for (const { metadata, spec } of world.attachments()) {
          const claim = spec.source.persistentVolumeName?.slice('pv-'.length) ?? '';
          const isShown = world.shown(spec.nodeName).includes(unique(claim));
          if (metadata?.deletionTimestamp) expect(isShown).toBe(false);
        }
      };
      for (const one of steps) {
        if (one.do === 'run') {
          world.pod(`${one.node}-${one.claim}`, one.node, [one.claim]);
          running.add(`${one.node}-${one.claim}`);
        } else if (one.do === 'end') {
          world.endPod(`${one.node}-${one.claim}`);
          running.delete(`${one.node}-${one.claim}`);
        } else if (one.do === 'restart') {
          stop.abort();
          stop = new AbortController();
          startControllers([attachDetach()], { client: world.cluster.client, clock: world.clock, signal: stop.signal });
        } else if (one.do === 'drive') await world.drive();
        kubelets(one.do === 'unmount');
        await world.clock.advance(100);
        check();
      }
      for (let i = 0; i < 6; i += 1) {
        kubelets(true);
        await world.drive();
        await world.clock.advance(1000);
      }
      check();
      for (const claim of claims) {
        const wanting = names.filter((name) => running.has(`${name}-${claim}`));
        const on = world.attachments().filter(({ spec }) => spec.source.persistentVolumeName === `pv-${claim}`);
        if (wanting.length === 0) expect(on).toEqual([]);
        else {
          expect(on).toHaveLength(1);
          expect(wanting).toContain(on[0]?.spec.nodeName);
        }
      }
      const writes = world.cluster.writes.length;
      await world.clock.advance(60_000);
      expect(world.cluster.writes.length).toBe(writes);
      stop.abort();
    }),
    { numRuns: 40 },
  );
});
