import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Component } from '../../base/component.ts';
import { kubeconfig } from '../../server/pki/kubeconfig.ts';
import { CLIENTS } from '../../server/pki/pki.ts';
import { UsageError } from '../exit.ts';
import type { Ambient } from './ambient.ts';
import { assembleControlPlane, type ControlPlane } from './api-server.ts';
import { controlLoops, schedulerConfiguration } from './control-loops.ts';
import { assembleNode } from './node.ts';
import { runProcess } from './process.ts';
import type { NodeSettings, ServerSettings } from './settings.ts';

/** Everything that `minik server` takes. */
export interface ServerOptions extends ServerSettings, NodeSettings {
  readonly disableAgent?: boolean;
}

const ANY_ADDRESS = new Set(['0.0.0.0', '::']);

/** Writes the administrator's kubeconfig, and again when its certificate is renewed. */
export async function writeKubeconfig(
  path: string,
  { pki, server }: Pick<ControlPlane, 'pki' | 'server'>,
  bindAddress: string,
): Promise<void> {
  const admin = await pki.client(CLIENTS.admin);
  const host = ANY_ADDRESS.has(bindAddress) ? '127.0.0.1' : bindAddress;
  const address = `https://${host.includes(':') ? `[${host}]` : host}:${server.address().port}`;
  const write = async () => {
    const text = kubeconfig({ server: address, caPem: pki.caPem, user: admin.current() });
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.tmp`, text, { mode: 0o600 });
    await chmod(`${path}.tmp`, 0o600);
    await rename(`${path}.tmp`, path);
  };
  admin.onRenew(() => void write());
  await write().catch((error: Error) => {
    throw new UsageError(`the kubeconfig ${path} cannot be written: ${error.message}`, { cause: error });
  });
}

/** Runs the cluster until the process is told to stop. */
export async function runServer(options: ServerOptions, ambient: Ambient): Promise<void> {
  const { clock, log } = ambient;
  const started = clock.monotonic();
  const scheduler = await schedulerConfiguration(options);
  const plane = await assembleControlPlane(options, ambient);
  const kubeconfigPath = options.writeKubeconfig ?? join(options.dataDir, 'kubeconfig.yaml');
  const administration: Component = {
    name: 'kubeconfig',
    async run({ ready }) {
      await writeKubeconfig(kubeconfigPath, plane, options.bindAddress);
      log.info({ kubeconfig: kubeconfigPath, afterMs: Math.round(clock.monotonic() - started) }, 'the API server is ready');
      ready();
    },
  };
  const identity = { name: `system:node:${options.nodeName}`, groups: ['system:nodes', 'system:authenticated'] };
  const door = { transport: plane.server.localTransport(identity, 'kubelet'), caPem: plane.pki.caPem };
  const node = options.disableAgent ? undefined : await assembleNode(options, door, ambient);
  try {
    const loops = controlLoops(options, { ...plane, scheduler }, ambient);
    const components = [...plane.components, administration, loops, ...(node ? [node.component] : [])];
    await runProcess(components, {
      clock,
      log,
      ready: () => log.info({ afterMs: Math.round(clock.monotonic() - started) }, 'minik is up'),
    });
  } finally {
    node?.close();
    await plane.close();
  }
}
