/**
 * Builds the image of examples/hello, `minik.local/hello:1`, as an OCI archive around the machine's own static busybox: no registry is needed.
 *   node scripts/hello-image.ts OUT.tar
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { findExecutable } from '../src/agent/host/spawn.ts';
import { busyboxImage } from '../src/runtime/images/busybox-image.ts';

const NAME = 'minik.local/hello:1';

const [out] = process.argv.slice(2);
if (!out) {
  console.error('usage: node scripts/hello-image.ts OUT.tar');
  process.exit(2);
}
const busybox = await findExecutable('busybox');
if (!busybox) throw new Error('busybox is missing: apt-get install busybox-static');
const program = readFileSync(busybox);
// A program that names an interpreter needs libraries, which the image does not have.
if (program.includes('/ld-linux') || program.includes('/ld-musl'))
  throw new Error(`${busybox} is not static: apt-get install busybox-static`);
const applets = spawnSync(busybox, ['--list'], { encoding: 'utf8' }).stdout.split('\n');
const { archive } = await busyboxImage(NAME, program, applets);
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, archive);
console.log(`${NAME} (${(archive.length / 1e6).toFixed(1)} MB) -> ${out}`);
