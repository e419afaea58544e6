import { type Architecture, pauseElf } from './elf.ts';
import { type BuiltImage, buildImage } from './oci-archive.ts';

/** Reference of the built-in pause image: nothing is ever pulled for it. Change the tag when its program changes. */
export const PAUSE_IMAGE = 'minik.internal/pause:1';

export function pauseImage(architecture: Architecture): Promise<BuiltImage> {
  return buildImage({
    name: PAUSE_IMAGE,
    files: [{ path: '/pause', content: pauseElf(architecture), mode: 0o755 }],
    entrypoint: ['/pause'],
    user: '65535:65535',
    env: ['PATH=/'],
    architecture,
  });
}
