import { describe, expect, it } from 'vitest';
import { buildImage } from '../runtime/images/oci-archive.ts';
import { looksLikeArchive, showBytes, splitReference } from './image-plan.ts';

describe('image archives', () => {
  it('are tars, compressed or not', async () => {
    const { archive } = await buildImage({ name: 'example.com/a:1', files: [{ path: '/a', content: 'a' }] });
    expect(looksLikeArchive(archive.subarray(0, 512))).toBe(true);
    expect(looksLikeArchive(Buffer.from([0x1f, 0x8b, 8]))).toBe(true);
  });

  it('are no texts and no empty files', () => {
    expect(looksLikeArchive(Buffer.from('{"kind": "List"}'.repeat(40)))).toBe(false);
    expect(looksLikeArchive(Buffer.alloc(0))).toBe(false);
  });
});

it.each([
  ['docker.io/library/nginx:1.27', 'docker.io/library/nginx', '1.27'],
  ['localhost:5000/app', 'localhost:5000/app', '<none>'],
  ['localhost:5000/app:v1', 'localhost:5000/app', 'v1'],
  ['example.com/app@sha256:abc', 'example.com/app', '<none>'],
])('%s has the image %s and the tag %s', (name, image, tag) => expect(splitReference(name)).toEqual([image, tag]));

it('sizes have three significant digits', () => {
  expect([0, 999, 1500, 2_130_000, 1_234_567_890].map(showBytes)).toEqual(['0B', '999B', '1.5kB', '2.13MB', '1.23GB']);
});
