/** Everything that decides containerd's configuration file. Paths are absolute. */
export interface ContainerdConfig {
  /** Persistent: images, snapshots, metadata. */
  rootDir: string;
  /** Gone with a reboot: sockets, task state. Keep it short: socket paths end at 107 bytes. */
  stateDir: string;
  socketPath: string;
  cniConfDir: string;
  cniBinDir: string;
  /** hosts.toml files by registry (containerd's `config_path`). */
  registryDir: string;
  /** Reference of the image that sandboxes run. */
  pauseImage: string;
  snapshotter: 'overlayfs' | 'native';
  cgroupDriver: 'cgroupfs' | 'systemd';
  /** Set when this process may not lower OOM scores (CAP_SYS_RESOURCE missing): runc would fail to start containers. */
  restrictOomScoreAdj: boolean;
  runcPath?: string;
}

/** Plugins that pods never use. Each costs start-up time or memory, some print errors on machines without their file system. */
const DISABLED_PLUGINS = [
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.blockfile',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.erofs',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.internal.v1.opt',
  'io.containerd.internal.v1.restart',
  'io.containerd.internal.v1.tracing',
  'io.containerd.tracing.processor.v1.otlp',
];

/** An OOM score for containerd itself, so that the kernel ends a container first; the value that the kubelet documents for itself. */
const OOM_SCORE = -999;

/** TOML of configuration version 2, which containerd 1.6, 1.7 and 2.x read. */
export function containerdConfig(config: ContainerdConfig): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return toml([
    ['', { version: 2, root: config.rootDir, state: config.stateDir, oom_score: config.restrictOomScoreAdj ? 0 : OOM_SCORE }],
    ['', { disabled_plugins: DISABLED_PLUGINS }],
    ['grpc', { address: config.socketPath }],
    ['plugins."io.containerd.gc.v1.scheduler"', { startup_delay: '10s' }],
    ['plugins."io.containerd.monitor.v1.cgroups"', { no_prometheus: true }],
    ['plugins."io.containerd.nri.v1.nri"', { disable: true }],
    [
      cri,
      {
        sandbox_image: config.pauseImage,
        stream_server_address: '127.0.0.1',
        stream_server_port: '0',
        restrict_oom_score_adj: config.restrictOomScoreAdj,
        tolerate_missing_hugetlb_controller: true,
        disable_hugetlb_controller: true,
        enable_unprivileged_ports: true,
        enable_unprivileged_icmp: true,
        netns_mounts_under_state_dir: true,
      },
    ],
    [`${cri}.cni`, { bin_dir: config.cniBinDir, conf_dir: config.cniConfDir, max_conf_num: 1 }],
    [`${cri}.registry`, { config_path: config.registryDir }],
    [`${cri}.containerd`, { snapshotter: config.snapshotter, default_runtime_name: 'runc', discard_unpacked_layers: false }],
    [`${cri}.containerd.runtimes.runc`, { runtime_type: 'io.containerd.runc.v2' }],
    [
      `${cri}.containerd.runtimes.runc.options`,
      { SystemdCgroup: config.cgroupDriver === 'systemd', Root: `${config.stateDir}/runc`, BinaryName: config.runcPath },
    ],
  ]);
}

type TomlValue = string | number | boolean | readonly string[] | undefined;

function toml(tables: readonly (readonly [name: string, values: Record<string, TomlValue>])[]): string {
  const lines = tables.flatMap(([name, values]) => [
    ...(name ? ['', `[${name}]`] : []),
    ...Object.entries(values)
      .filter(([, value]) => value !== undefined)
      // JSON strings, numbers, booleans and arrays of strings are TOML as they are.
      .map(([key, value]) => `${key} = ${JSON.stringify(value)}`),
  ]);
  return `${lines.join('\n')}\n`;
}
