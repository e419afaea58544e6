import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { busyboxImage } from '../../../src/runtime/images/busybox-image.ts';
import { IMAGE, PAGE } from './manifests.ts';

/** Writes the archive of the image that the tests' pods run. */
export async function writeTestImage(archive: string): Promise<void> {
  const applets = execFileSync('busybox', ['--list'], { encoding: 'utf8' }).split('\n');
  const busybox = readFileSync(execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim());
  const files = [
    { path: '/srv/www/index.html', content: PAGE },
    { path: '/etc/resolv.conf', content: '' },
  ];
  const image = await busyboxImage(IMAGE, busybox, applets, { files });
  writeFileSync(archive, image.archive);
}
