/** What each group of figures gets. */
export interface GroupContext {
  /** An empty directory of the group's own, on a real disk. */
  readonly directory: string;
  readonly nodeIp: string;
  /** Where CPU profiles of the servers go; absent when none are wanted. */
  readonly profileDir?: string;
  /** Is measured instead of minik (ServerOptions); only groups that say so get one. */
  readonly program?: string;
  readonly signal: AbortSignal;
}

export interface Group {
  readonly name: string;
  /** The run ends with an error after this; of another server than minik after more. */
  readonly limitSeconds: number;
  /** Needs nothing of a server but the API, so that others than minik can be measured. */
  readonly measuresPrograms?: true;
  run(context: GroupContext): Promise<void>;
}

/** `--disable-agent`: no node, so no containerd. */
export const CONTROL_PLANE_ONLY = ['--disable-agent'];
