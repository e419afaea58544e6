import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configMaps, persistentVolumeClaims, persistentVolumes, secrets } from '../../api/index.ts';
import type {
  AuthenticationV1TokenRequest,
  ConfigMap,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Volume,
} from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { type FakeClock, fakeClock } from '../../base/fake-clock.ts';
import type { Client } from '../../client/client.ts';
import { type FakeCluster, fakeCluster } from '../../client/fake-client.ts';
import { createClaimSource } from './claim-source.ts';
import { createConfigSource } from './config-source.ts';
import { createServiceAccountTokens } from './service-account-tokens.ts';
import { resolveSubPath } from './sub-path.ts';
import { VolumeError } from './volume-error.ts';
import { createVolumes, type VolumeMounts, type Volumes } from './volumes.ts';

const { signal } = new AbortController();
let dir: string;
let clock: FakeClock;
let cluster: FakeCluster;
let volumes: Volumes;
let mounted: string[];
let tokenRequests: AuthenticationV1TokenRequest[];

/** The fake cluster has no token subresource. */
function withTokens(client: Client): Client {
  const create = async (resource: never, object: AuthenticationV1TokenRequest, options: never) => {
    if ((options as { subresource?: string }).subresource !== 'token') return client.create(resource, object, options);
    tokenRequests.push(object);
    const seconds = object.spec?.expirationSeconds ?? 0;
    return {
      ...object,
      status: { token: `token-${tokenRequests.length}`, expirationTimestamp: rfc3339(clock.now() + seconds * 1000) },
    };
  };
  return { ...client, create: create as unknown as Client['create'] };
}

let observed: object[];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'volumes-'));
  clock = fakeClock();
  cluster = fakeCluster({ clock });
  mounted = [];
  observed = [];
  tokenRequests = [];
  const host: VolumeMounts = {
    targets: async () => mounted,
    mountTmpfs: async (target) => void mounted.push(target),
    unmountAll: async (targets) => {
      mounted = mounted.filter((target) => !targets.includes(target));
    },
  };
  const client = withTokens(cluster.client);
  const tokens = createServiceAccountTokens({ client, clock, random: () => 0 });
  volumes = createVolumes({
    dir: `${dir}/pods`,
    host,
    configs: createConfigSource({ client, clock }),
    claims: createClaimSource({ client }),
    tokens,
    clock,
    allocatable: () => ({ cpu: '2', memory: '1Gi' }),
    observer: { volumeMounted: (plugin, seconds, failed) => void observed.push({ plugin, seconds, failed }) },
  });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const podWith = (volume: Volume, more: Partial<Pod['spec']> = {}): Pod => ({
  metadata: { name: 'web', namespace: 'default', uid: 'u1', labels: { tier: 'front', app: 'web' } },
  spec: {
    containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '250m' } } }],
    volumes: [volume],
    ...more,
  },
});
const mountOne = async (pod: Pod) => (await volumes.mount(pod, { signal })).get(pod.spec?.volumes?.[0]?.name ?? '');
const configMap = (data: Record<string, string>): ConfigMap => ({ metadata: { namespace: 'default', name: 'settings' }, data });

describe('volumes from the API', () => {
  it('lay a ConfigMap out as the kubelet does, visible names being links through ..data', async () => {
    cluster.seed(configMaps, configMap({ 'a.conf': 'one', 'b.conf': 'two' }));
    const volume = await mountOne(
      podWith({ name: 'cfg', configMap: { name: 'settings', items: [{ key: 'a.conf', path: 'etc/a', mode: 0o400 }] } }),
    );
    expect(volume).toEqual({ plugin: 'configmap', hostPath: `${dir}/pods/u1/volumes/kubernetes.io~configmap/cfg`, readonly: true });
    const path = volume?.hostPath ?? '';
    expect(await readlink(`${path}/etc`)).toBe('..data/etc');
    expect(await readlink(`${path}/..data`)).toMatch(/^\.\.2026_01_01_00_00_00\./);
    expect(await readFile(`${path}/etc/a`, 'utf8')).toBe('one');
    expect((await stat(`${path}/etc/a`)).mode & 0o7777).toBe(0o400);
    expect(mounted).toEqual([]);
  });

  it('keep Secrets in memory', async () => {
    cluster.seed(secrets, { metadata: { namespace: 'default', name: 's' }, data: { key: Buffer.from('v').toString('base64') } });
    const volume = await mountOne(podWith({ name: 'sec', secret: { secretName: 's', defaultMode: 0o440 } }));
    expect(mounted).toEqual([volume?.hostPath]);
    expect(observed).toEqual([{ plugin: 'secret', seconds: 0, failed: false }]);
    expect(await readFile(`${volume?.hostPath}/key`, 'utf8')).toBe('v');
  });

  it('refuse a missing object, unless it is optional', async () => {
    await expect(mountOne(podWith({ name: 'cfg', configMap: { name: 'settings' } }))).rejects.toThrow(
      new VolumeError('MountVolume.SetUp failed for volume "cfg" : configmap "settings" not found'),
    );
    expect(observed).toEqual([{ plugin: 'configmap', seconds: 0, failed: true }]);
    const volume = await mountOne(podWith({ name: 'cfg', configMap: { name: 'settings', optional: true } }));
    expect((await readdir(volume?.hostPath ?? '')).filter((name) => !name.startsWith('..'))).toEqual([]);
  });

  it('follow a changed ConfigMap on refresh, and touch nothing when nothing changed', async () => {
    cluster.seed(configMaps, configMap({ a: 'old', gone: 'x' }));
    const pod = podWith({ name: 'cfg', configMap: { name: 'settings' } });
    const path = (await mountOne(pod))?.hostPath ?? '';
    const first = await readlink(`${path}/..data`);
    await clock.advance(60_000);
    await volumes.refresh(pod, { signal });
    expect(await readlink(`${path}/..data`)).toBe(first);
    cluster.seed(configMaps, configMap({ a: 'new', added: 'y' }));
    await clock.advance(60_000);
    await volumes.refresh(pod, { signal });
    expect(await readFile(`${path}/a`, 'utf8')).toBe('new');
    expect((await readdir(path)).filter((name) => !name.startsWith('..')).sort()).toEqual(['a', 'added']);
    expect((await readdir(path)).filter((name) => name.startsWith('..2'))).toHaveLength(1);
  });

  it('leave files alone when they are mounted again after a restart', async () => {
    cluster.seed(configMaps, configMap({ a: 'x' }));
    const pod = podWith({ name: 'cfg', configMap: { name: 'settings' } });
    const path = (await mountOne(pod))?.hostPath ?? '';
    const first = await readlink(`${path}/..data`);
    await clock.advance(5000);
    await mountOne(pod);
    expect(await readlink(`${path}/..data`)).toBe(first);
  });

  it('project tokens bound to the pod and replace them at 80 % of their life', async () => {
    const source = { serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 1000 } };
    const pod = podWith({ name: 'tok', projected: { sources: [source] } }, { serviceAccountName: 'robot' });
    const path = (await mountOne(pod))?.hostPath ?? '';
    expect(tokenRequests[0]).toMatchObject({
      metadata: { name: 'robot' },
      spec: { audiences: ['vault'], expirationSeconds: 1000, boundObjectRef: { kind: 'Pod', name: 'web', uid: 'u1' } },
    });
    await clock.advance(799_000);
    await volumes.refresh(pod, { signal });
    expect(await readFile(`${path}/token`, 'utf8')).toBe('token-1');
    await clock.advance(2000);
    await volumes.refresh(pod, { signal });
    expect(await readFile(`${path}/token`, 'utf8')).toBe('token-2');
    expect(tokenRequests).toHaveLength(2);
  });

  it('show fields and resources of the pod', async () => {
    const items = [
      { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
      { path: 'cpu', resourceFieldRef: { containerName: 'c', resource: 'requests.cpu', divisor: '1m' } },
      { path: 'memory', resourceFieldRef: { containerName: 'c', resource: 'limits.memory', divisor: '1Mi' } },
    ];
    const path = (await mountOne(podWith({ name: 'info', downwardAPI: { items } })))?.hostPath;
    expect(await readFile(`${path}/labels`, 'utf8')).toBe('app="web"\ntier="front"');
    expect(await readFile(`${path}/cpu`, 'utf8')).toBe('250');
    expect(await readFile(`${path}/memory`, 'utf8')).toBe('1024');
  });

  it("give files to the pod's group", async () => {
    cluster.seed(configMaps, configMap({ a: 'x' }));
    const fsGroup = process.getgid?.() ?? 0;
    const pod = podWith({ name: 'cfg', configMap: { name: 'settings', defaultMode: 0o400 } }, { securityContext: { fsGroup } });
    const path = (await mountOne(pod))?.hostPath;
    expect((await stat(`${path}/a`)).mode & 0o7777).toBe(0o440);
    expect((await stat(`${path}/..data`)).mode & 0o2070).toBe(0o2050);
    const first = await readlink(`${path}/..data`);
    await mountOne(pod);
    expect(await readlink(`${path}/..data`)).toBe(first);
  });
});

describe('other volumes', () => {
  it('make an emptyDir that everybody may write to, and keep what is in it', async () => {
    const pod = podWith({ name: 'scratch', emptyDir: {} });
    const path = (await mountOne(pod))?.hostPath ?? '';
    expect((await stat(path)).mode & 0o7777).toBe(0o777);
    await writeFile(`${path}/kept`, '');
    await mountOne(pod);
    expect(await readdir(path)).toEqual(['kept']);
  });

  it('check the type of a hostPath', async () => {
    await writeFile(`${dir}/file`, '');
    const at = (path: string, type: string) => mountOne(podWith({ name: 'h', hostPath: { path, type } }));
    await expect(at(`${dir}/file`, 'Directory')).rejects.toThrow(`hostPath type check failed: ${dir}/file is not a directory, it's a File`);
    await expect(at(`${dir}/none`, 'File')).rejects.toThrow(`hostPath ${dir}/none doesn't exist`);
    expect(await at(`${dir}/made`, 'DirectoryOrCreate')).toEqual({ plugin: 'host-path', hostPath: `${dir}/made` });
    expect(await at(`${dir}/file`, 'File')).toEqual({ plugin: 'host-path', hostPath: `${dir}/file` });
  });

  it('say which types are not built', async () => {
    const volume = { name: 'data', nfs: { server: 's', path: '/' } };
    await expect(mountOne(podWith(volume))).rejects.toThrow('volume type nfs is not built yet');
  });

  describe('of claims', () => {
    const claimed = (readOnly?: boolean) =>
      podWith({ name: 'd', persistentVolumeClaim: { claimName: 'c', ...(readOnly && { readOnly }) } });
    const seed = (spec: PersistentVolume['spec'], claim: PersistentVolumeClaim = {}) => {
      const annotations = { 'pv.kubernetes.io/bind-completed': 'yes' };
      const { metadata } = cluster.seed(persistentVolumeClaims, {
        metadata: { name: 'c', namespace: 'default', annotations, ...claim.metadata },
        spec: { volumeName: 'v' },
        status: { phase: 'Bound', ...claim.status },
      });
      cluster.seed(persistentVolumes, { metadata: { name: 'v' }, spec: { claimRef: { uid: metadata?.uid }, ...spec } });
    };

    it('are where their PersistentVolume is', async () => {
      seed({ hostPath: { path: `${dir}/data`, type: 'DirectoryOrCreate' } });
      expect(await mountOne(claimed())).toEqual({ plugin: 'host-path', hostPath: `${dir}/data` });
      expect(await mountOne(claimed(true))).toEqual({ plugin: 'host-path', hostPath: `${dir}/data`, readonly: true });
    });

    it('that are local belong to the group of the pod', async () => {
      await mkdir(`${dir}/disk`, { mode: 0o755 });
      seed({ local: { path: `${dir}/disk` } });
      const group = process.getgid?.() ?? 0;
      expect(await mountOne({ ...claimed(), spec: { ...claimed().spec, containers: [], securityContext: { fsGroup: group } } })).toEqual({
        plugin: 'local-volume',
        hostPath: `${dir}/disk`,
      });
      expect((await stat(`${dir}/disk`)).mode & 0o7777).toBe(0o2775);
    });

    it("are refused in upstream's words while they cannot be used", async () => {
      const refused = (why: string) =>
        expect(mountOne(claimed())).rejects.toThrow(`MountVolume.SetUp failed for volume "d" : error processing PVC default/c: ${why}`);
      await refused('failed to fetch PVC from API server: persistentvolumeclaims "c" not found');
      seed({}, { status: { phase: 'Pending' } });
      await refused('PVC is not bound');
      seed({}, { metadata: { deletionTimestamp: 'now' } });
      await refused('PVC is being deleted');
      seed({ claimRef: { uid: 'other' } });
      await refused('PV v claimRef does not match PVC uid');
      seed({ nfs: { server: 's', path: '/' } });
      await refused('PV v is neither hostPath nor local: other volumes are not built yet');
    });
  });

  it("go away with the pod's directory, and only then is the pod forgotten", async () => {
    await mountOne(podWith({ name: 'm', emptyDir: { medium: 'Memory' } }));
    expect(mounted).toHaveLength(1);
    expect(await volumes.known()).toEqual(['u1']);
    await volumes.unmount('u1', { signal });
    expect(mounted).toEqual([]);
    expect(await volumes.known()).toEqual([]);
  });
});

describe('subPath', () => {
  it('is made when it is missing', async () => {
    const made = await resolveSubPath({ hostPath: dir }, 'a/b', { signal });
    expect((await stat(made)).isDirectory()).toBe(true);
  });

  it('never leaves the volume, neither by .. nor by a link', async () => {
    await mkdir(`${dir}/volume`);
    await mkdir(`${dir}/outside`);
    await symlink('../outside', `${dir}/volume/link`);
    const volume = { hostPath: `${dir}/volume` };
    await expect(resolveSubPath(volume, '../outside', { signal })).rejects.toThrow(VolumeError);
    await expect(resolveSubPath(volume, 'link/x', { signal })).rejects.toThrow('leads outside');
    expect(await readdir(`${dir}/outside`)).toEqual([]);
  });

  it('follows links that stay inside, as those of a ConfigMap', async () => {
    cluster.seed(configMaps, configMap({ a: 'x' }));
    const volume = await mountOne(podWith({ name: 'cfg', configMap: { name: 'settings' } }));
    expect(await readFile(await resolveSubPath(volume as { hostPath: string }, 'a', { signal }), 'utf8')).toBe('x');
  });
});
