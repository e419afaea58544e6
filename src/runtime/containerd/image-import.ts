import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PAUSE_IMAGE, pauseImage } from '../images/pause-image.ts';
import { type CallOptions, type Runtime, RuntimeError } from '../runtime.ts';

export interface ImageImportOptions {
  socketPath: string;
  snapshotter: 'overlayfs' | 'native';
  /** Runs a program to its end and gives its stdout; rejects with a message that names what failed. */
  run(file: string, args: readonly string[], options: CallOptions): Promise<{ stdout: string }>;
}

/** The containerd namespace of CRI. */
const NAMESPACE = 'k8s.io';
/** containerd's CRI marks images of this label as pinned: the kubelet's garbage collection spares them. */
const PINNED_LABEL = 'io.cri-containerd.pinned=pinned';

export interface ImageImporter {
  /** Imports a docker-save or OCI archive; resolves with the names that it holds. */
  importImage(archivePath: string, options: CallOptions): Promise<string[]>;
  /** Makes sure that the built-in pause image is there. Cheap when it is. */
  ensurePauseImage(runtime: Pick<Runtime, 'imageStatus'>, options: CallOptions): Promise<void>;
}

/** Over `ctr`, which comes with containerd: it unpacks into the snapshotter, so that containers start without delay. */
export function imageImporter({ socketPath, snapshotter, run }: ImageImportOptions): ImageImporter {
  const ctr = async (args: readonly string[], { signal }: CallOptions): Promise<string> => {
    try {
      return (await run('ctr', ['--address', socketPath, '--namespace', NAMESPACE, ...args], { signal })).stdout;
    } catch (error) {
      throw new RuntimeError('Unknown', `importing an image: ${(error as Error).message}`, { cause: error });
    }
  };
  const importImage = async (archivePath: string, options: CallOptions): Promise<string[]> =>
    importedNames(await ctr(['images', 'import', '--snapshotter', snapshotter, archivePath], options));

  return {
    importImage,
    async ensurePauseImage(runtime, options) {
      if (await runtime.imageStatus(PAUSE_IMAGE, options)) return;
      const { archive } = await pauseImage(process.arch === 'arm64' ? 'arm64' : 'amd64');
      const dir = await mkdtemp(join(tmpdir(), 'minik-pause-'));
      try {
        const path = join(dir, 'pause.tar');
        await writeFile(path, archive);
        await importImage(path, options);
        await ctr(['images', 'label', PAUSE_IMAGE, PINNED_LABEL], options);
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
  };
}

/** `ctr images import` prints `unpacking NAME (sha256:…)...done` for every image. */
export function importedNames(output: string): string[] {
  return [...output.matchAll(/^unpacking (\S+) \(sha256:/gm)].map((match) => match[1] ?? '');
}
