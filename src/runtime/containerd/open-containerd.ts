import { mkdir } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import { PAUSE_IMAGE } from '../images/pause-image.ts';
import type { ContainerdConfig } from './containerd-config.ts';
import { type CriClient, criClient } from './cri-client.ts';
import { chooseSnapshotter, findCniBinDir, mayLowerOomScores } from './host-facts.ts';
import { type ImageImporter, type ImageImportOptions, imageImporter } from './image-import.ts';
import { containerdSupervisor, type ProcessPort } from './supervisor.ts';

export interface OpenContainerdOptions {
  /** Persistent. */
  rootDir: string;
  /** Under /run; short, since sockets lie in it. */
  stateDir: string;
  cniConfDir: string;
  /** Default: where distributions put the plugins. */
  cniBinDir?: string;
  registryDir: string;
  /** Name on PATH or absolute path. Default `containerd`. */
  binary?: string;
  processes: ProcessPort;
  run: ImageImportOptions['run'];
  clock: Clock;
  log: Logger;
}

export interface Containerd {
  config: ContainerdConfig;
  /** Runs containerd; ready when it answers and the pause image is there. May be run again after it has ended. */
  component: Component;
  /** Close it when nothing uses it any more. */
  runtime: CriClient;
  images: ImageImporter;
}

/** A containerd of our own, configured for the machine that we are on. */
export async function openContainerd(options: OpenContainerdOptions): Promise<Containerd> {
  const { rootDir, stateDir, cniConfDir, registryDir, binary, processes, clock, log } = options;
  await mkdir(rootDir, { recursive: true });
  const cniBinDir = options.cniBinDir ?? (await findCniBinDir());
  if (!cniBinDir) log.warn({}, 'no CNI plugins found: only pods on the host network will run');
  const config: ContainerdConfig = {
    rootDir,
    stateDir,
    socketPath: `${stateDir}/containerd.sock`,
    cniConfDir,
    cniBinDir: cniBinDir ?? '/opt/cni/bin',
    registryDir,
    pauseImage: PAUSE_IMAGE,
    snapshotter: await chooseSnapshotter(rootDir),
    cgroupDriver: 'cgroupfs',
    restrictOomScoreAdj: !(await mayLowerOomScores()),
  };
  const runtime = criClient({ socketPath: config.socketPath, clock });
  const images = imageImporter({ socketPath: config.socketPath, snapshotter: config.snapshotter, run: options.run });
  const supervisor = containerdSupervisor({ config, runtime, processes, clock, log, binary });
  return { config, runtime, images, component: withPauseImage(supervisor, runtime, images) };
}

function withPauseImage(supervisor: Component, runtime: CriClient, images: ImageImporter): Component {
  return {
    name: supervisor.name,
    async run({ signal, ready }) {
      const stop = new AbortController();
      const either = AbortSignal.any([signal, stop.signal]);
      const up = Promise.withResolvers<void>();
      const supervising = supervisor.run({ signal: either, ready: up.resolve });
      try {
        await Promise.race([up.promise, supervising]);
        if (!signal.aborted) {
          await images.ensurePauseImage(runtime, { signal: either });
          ready();
        }
        await supervising;
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        stop.abort();
        await supervising;
      }
    },
  };
}
