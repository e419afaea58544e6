import { appendFileSync, copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cluster, NODE_NAME } from './cluster.ts';
import { kubectl } from './kubectl.ts';
import { leftovers, traces } from './leftovers.ts';
import { eventually } from './poll.ts';
import { writeTestImage } from './test-image.ts';

/** One cluster for the whole suite. What it leaves behind when it is uninstalled fails the run. */
export default async function setup(): Promise<() => Promise<void>> {
  const [directory, nodeIp] = [process.env.MINIK_E2E_DIR, process.env.MINIK_E2E_NODE_IP];
  if (!directory || !nodeIp) throw new Error('run the end-to-end tests with npm run e2e');
  const dataDir = join(directory, 'data');
  const before = traces(dataDir);
  const flags = (process.env.MINIK_E2E_FLAGS ?? '').split(' ').filter(Boolean);
  const suite = cluster({ dataDir, nodeIp, flags });
  process.env.MINIK_E2E_DATA_DIR = dataDir;
  process.env.MINIK_E2E_KUBECONFIG = suite.kubeconfig;
  // kubectl keeps what it discovered in its home; this cluster's is like no other's.
  process.env.HOME = directory;
  try {
    await suite.start();
    const archive = join(directory, 'busybox.tar');
    await writeTestImage(archive);
    if (!flags.includes('--disable-agent')) {
      await eventually('the node is there', () => kubectl(['get', 'node', NODE_NAME]));
      await kubectl(['wait', '--for=condition=Ready', `node/${NODE_NAME}`, '--timeout=60s']);
      suite.importImage(archive);
    }
  } catch (error) {
    keepLog(suite.logFile);
    await suite.destroy().catch((e: Error) => console.error(e.message));
    throw error;
  }

  return async () => {
    keepLog(suite.logFile);
    await suite.destroy();
    const left = await eventually(
      'nothing is left',
      () => {
        const found = leftovers(before, traces(dataDir));
        if (found.length > 0) throw new Error(found.join('\n'));
        return [] as string[];
      },
      10_000,
    ).catch((error: Error) => [error.message]);
    if (left.length > 0) throw new Error(`minik uninstall left behind:\n${left.join('\n')}`);
  };
}

/** dist/e2e/minik.log: for people who look into a failure. */
function keepLog(logFile: string): void {
  mkdirSync('dist/e2e', { recursive: true });
  try {
    copyFileSync(logFile, 'dist/e2e/minik.log');
  } catch {
    appendFileSync('dist/e2e/minik.log', 'the server wrote no log\n');
  }
}
