import { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { expect, test } from 'vitest';
import { busyboxImage } from './busybox-image.ts';
import { pauseElf } from './elf.ts';
import { buildImage } from './oci-archive.ts';
import { PAUSE_IMAGE, pauseImage } from './pause-image.ts';

async function entries(
  tar: Buffer,
): Promise<Map<string, { type?: string | null; mode?: number; linkname?: string | null; content: Buffer }>> {
  const found = new Map();
  const stream = Readable.from([tar]).pipe(extract());
  for await (const entry of stream) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    found.set(entry.header.name.replace(/\/$/, ''), { ...entry.header, content: Buffer.concat(chunks) });
  }
  return found;
}

test('the pause program is a loadable executable for its architecture', () => {
  for (const [architecture, machine] of [
    ['amd64', 62],
    ['arm64', 183],
  ] as const) {
    const elf = pauseElf(architecture);
    expect(elf.subarray(0, 4).toString('latin1')).toBe('\x7fELF');
    expect(elf.readUInt16LE(18)).toBe(machine);
    expect(elf.readBigUInt64LE(24)).toBe(0x400000n + 120n);
    expect(elf.readBigUInt64LE(64 + 32)).toBe(BigInt(elf.length));
    expect(elf.length).toBeLessThan(400);
  }
});

test("the pause image's digest does not depend on when or where it is built", async () => {
  const [first, second] = [await pauseImage('amd64'), await pauseImage('amd64')];
  expect(first.archive.equals(second.archive)).toBe(true);
  expect((await pauseImage('arm64')).id).not.toBe(first.id);
});

test('an archive is an OCI layout whose descriptors hold', async () => {
  const image = await pauseImage('arm64');
  const files = await entries(image.archive);
  const index = JSON.parse(files.get('index.json')?.content.toString() ?? '');
  expect(index.manifests[0]).toMatchObject({
    digest: image.digest,
    platform: { architecture: 'arm64', os: 'linux' },
    annotations: { 'io.containerd.image.name': PAUSE_IMAGE, 'org.opencontainers.image.ref.name': '1' },
  });
  const blob = (digest: string) => files.get(`blobs/sha256/${digest.slice(7)}`)?.content ?? Buffer.alloc(0);
  const manifest = JSON.parse(blob(image.digest).toString());
  expect(manifest.config).toMatchObject({ digest: image.id, size: blob(image.id).length });
  const config = JSON.parse(blob(image.id).toString());
  expect(config.rootfs.diff_ids).toEqual([manifest.layers[0].digest]);
  expect(config.config).toMatchObject({ Entrypoint: ['/pause'], User: '65535:65535' });
  const layer = await entries(blob(manifest.layers[0].digest));
  expect(layer.get('pause')?.content.equals(pauseElf('arm64'))).toBe(true);
});

test('a busybox image links its applets, and directories come before what is in them', async () => {
  const image = await busyboxImage('example.com/b:1', Buffer.from('#!'), ['busybox', 'sh', ''], {
    files: [{ path: '/srv/www/index.html', content: 'hi' }],
    exposedPorts: ['80/tcp'],
  });
  const files = await entries(image.archive);
  const manifest = JSON.parse(files.get(`blobs/sha256/${image.digest.slice(7)}`)?.content.toString() ?? '');
  const layer = await entries(files.get(`blobs/sha256/${manifest.layers[0].digest.slice(7)}`)?.content ?? Buffer.alloc(0));
  expect(layer.get('bin/sh')).toMatchObject({ type: 'symlink', linkname: 'busybox' });
  expect(layer.get('tmp')?.mode).toBe(0o1777);
  const names = [...layer.keys()];
  expect(names.filter((name) => name.startsWith('srv'))).toEqual(['srv', 'srv/www', 'srv/www/index.html']);
  expect(names.filter((name) => name === 'bin')).toHaveLength(1);
});

test('an image without files still has a layer', async () => {
  const { archive } = await buildImage({ name: 'example.com/empty:1', files: [] });
  expect((await entries(archive)).size).toBe(5);
});
