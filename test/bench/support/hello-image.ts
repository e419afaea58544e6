import { execFileSync } from 'node:child_process';
import { minik } from '../../e2e/support/cluster.ts';

/** The image of examples/hello. */
export const HELLO_IMAGE = 'minik.local/hello:1';

/** Makes it and imports it into the containerd of a running cluster. */
export async function importHelloImage(dataDir: string): Promise<void> {
  const archive = `${dataDir}-hello.tar`;
  execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', 'scripts/hello-image.ts', archive]);
  minik(['images', 'import', '--data-dir', dataDir, archive]);
}
