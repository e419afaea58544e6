import { join } from 'node:path';

export const DEFAULT_DATA_DIR = '/var/lib/minik';

/** Where a minik keeps what: all below its data directory, except for what has to lie under /run or where Kubernetes' tools look for it. */
export interface Paths {
  readonly dataDir: string;
  readonly serverDir: string;
  readonly tlsDir: string;
  readonly agentDir: string;
  readonly containerdRoot: string;
  /** Sockets and pid records. Short: a socket's path has at most 107 bytes. */
  readonly stateDir: string;
  readonly containerdSocket: string;
  readonly cniConfDir: string;
  readonly cniIpamDir: string;
  readonly podsDir: string;
  readonly podLogsDir: string;
  /** Native code unpacked from the executable. */
  readonly nativeDir: string;
}

/** `dataDir` is absolute. Only the default one uses /run and /var/log, so that several miniks on a machine keep out of each other's way. */
export function pathsOf(dataDir: string): Paths {
  const isDefault = dataDir === DEFAULT_DATA_DIR;
  const serverDir = join(dataDir, 'server');
  const agentDir = join(dataDir, 'agent');
  const stateDir = isDefault ? '/run/minik' : join(dataDir, 'run');
  return {
    dataDir,
    serverDir,
    tlsDir: join(serverDir, 'tls'),
    agentDir,
    containerdRoot: join(agentDir, 'containerd'),
    stateDir,
    containerdSocket: join(stateDir, 'containerd.sock'),
    cniConfDir: join(agentDir, 'cni/net.d'),
    cniIpamDir: join(agentDir, 'cni/ipam'),
    podsDir: join(agentDir, 'pods'),
    podLogsDir: isDefault ? '/var/log/pods' : join(agentDir, 'pod-logs'),
    nativeDir: join(dataDir, 'bin'),
  };
}
