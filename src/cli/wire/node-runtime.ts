import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hostProcesses } from '../../agent/host/processes.ts';
import { run } from '../../agent/host/spawn.ts';
import type { Component } from '../../base/component.ts';
import { criClient } from '../../runtime/containerd/cri-client.ts';
import { openContainerd } from '../../runtime/containerd/open-containerd.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Ambient } from './ambient.ts';
import { pathsOf } from './paths.ts';
import type { NodeSettings } from './settings.ts';

export interface NodeRuntime {
  readonly runtime: Runtime;
  /** Our own containerd; absent when the runtime is somebody else's. */
  readonly component?: Component;
  close(): void;
}

/** The container runtime of the node: a containerd of our own, or the CRI socket that --container-runtime-endpoint names. */
export async function openNodeRuntime(settings: NodeSettings, { clock, log }: Ambient): Promise<NodeRuntime> {
  const endpoint = settings.containerRuntimeEndpoint;
  if (endpoint) {
    const runtime = criClient({ socketPath: endpoint.replace(/^unix:\/\//, ''), clock });
    return { runtime, close: () => runtime.close() };
  }
  const paths = pathsOf(settings.dataDir);
  await mkdir(paths.stateDir, { recursive: true, mode: 0o711 });
  const containerd = await openContainerd({
    rootDir: paths.containerdRoot,
    stateDir: paths.stateDir,
    cniConfDir: paths.cniConfDir,
    registryDir: join(paths.agentDir, 'registries'),
    processes: hostProcesses,
    run,
    clock,
    log,
  });
  return { runtime: containerd.runtime, component: containerd.component, close: () => containerd.runtime.close() };
}
