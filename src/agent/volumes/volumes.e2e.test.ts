import { mkdtemp, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { secrets } from '../../api/index.ts';
import type { Pod } from '../../api/schema/generated/types.ts';
import { systemClock } from '../../base/clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { createClaimSource } from './claim-source.ts';
import { createConfigSource } from './config-source.ts';
import { hostVolumeMounts } from './host-mounts.ts';
import { createServiceAccountTokens } from './service-account-tokens.ts';
import { createVolumes, type Volumes } from './volumes.ts';

const { signal } = new AbortController();
const TMPFS = 0x01021994;
let dir: string;
let volumes: Volumes;

const pod: Pod = {
  metadata: { name: 'web', namespace: 'default', uid: 'u1' },
  spec: {
    securityContext: { fsGroup: 2000 },
    containers: [{ name: 'c', image: 'i' }],
    volumes: [
      { name: 'sec', secret: { secretName: 's', defaultMode: 0o400 } },
      { name: 'mem', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    ],
  },
};

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'volumes-e2e-'));
  const cluster = fakeCluster({ clock: systemClock });
  cluster.seed(secrets, { metadata: { namespace: 'default', name: 's' }, data: { key: Buffer.from('v').toString('base64') } });
  const deps = { client: cluster.client, clock: systemClock };
  const tokens = createServiceAccountTokens({ ...deps, random: () => 0 });
  volumes = createVolumes({
    dir,
    host: hostVolumeMounts,
    configs: createConfigSource(deps),
    claims: createClaimSource(deps),
    tokens,
    clock: systemClock,
  });
});
afterEach(async () => {
  await volumes.unmount('u1', { signal });
  await rm(dir, { recursive: true, force: true });
});

describe('volumes on a real node', () => {
  it('keep Secrets and memory-backed emptyDirs off the disk, owned by the pod’s group', async () => {
    const mounted = await volumes.mount(pod, { signal });
    const sec = mounted.get('sec')?.hostPath ?? '';
    const mem = mounted.get('mem')?.hostPath ?? '';
    expect((await statfs(sec)).type).toBe(TMPFS);
    expect(await readFile(`${sec}/key`, 'utf8')).toBe('v');
    expect(await stat(`${sec}/key`)).toMatchObject({ gid: 2000, mode: 0o100440 });
    const size = await statfs(mem);
    expect(size.type).toBe(TMPFS);
    expect(size.blocks * size.bsize).toBe(1 << 20);
    await expect(writeFile(`${mem}/big`, Buffer.alloc(2 << 20))).rejects.toThrow('ENOSPC');
    expect(await stat(mem)).toMatchObject({ gid: 2000, mode: 0o42777 });
  });

  it('are mounted once, however often they are asked for, and leave nothing behind', async () => {
    await volumes.mount(pod, { signal });
    await volumes.mount(pod, { signal });
    const below = async () => (await hostVolumeMounts.targets()).filter((target) => target.startsWith(dir));
    expect(await below()).toHaveLength(2);
    await volumes.unmount('u1', { signal });
    expect(await below()).toEqual([]);
    await expect(stat(`${dir}/u1`)).rejects.toThrow('ENOENT');
  });
});
