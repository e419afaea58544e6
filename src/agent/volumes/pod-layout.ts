/** The kubelet's directory of a pod, so that tools which know it find their way. `dir`: `<data-dir>/agent/pods`. */
export interface PodLayout {
  readonly root: string;
  readonly volumes: string;
  readonly subPaths: string;
  readonly etcHosts: string;
  volume(plugin: VolumePlugin, name: string): string;
  /** Termination messages of a container lie here. */
  container(name: string): string;
}

/** Upstream's names, without `kubernetes.io/`. */
export type VolumePlugin = 'empty-dir' | 'configmap' | 'secret' | 'projected' | 'downward-api' | 'host-path' | 'local-volume';

export function podLayout(dir: string, podUid: string): PodLayout {
  // A uid becomes a directory that is removed as a whole: it must not reach outside.
  if (!podUid || podUid.includes('/') || podUid.startsWith('.')) throw new Error(`not a pod uid: ${JSON.stringify(podUid)}`);
  const root = `${dir}/${podUid}`;
  return {
    root,
    volumes: `${root}/volumes`,
    subPaths: `${root}/volume-subpaths`,
    etcHosts: `${root}/etc-hosts`,
    volume: (plugin, name) => `${root}/volumes/kubernetes.io~${plugin}/${name}`,
    container: (name) => `${root}/containers/${name}`,
  };
}
