import { Gauge, type Registry } from 'prom-client';
import type { WatchBudget } from '../http/watch-budget.ts';

export interface ObservedState {
  readonly watches: WatchBudget;
  readonly gitVersion: string;
}

/** What is there, under upstream's names; looked at when somebody asks for metrics, and never in between. */
export function observeState({ watches, gitVersion }: ObservedState, registry: Registry): void {
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: string[], collect: (set: Gauge['set']) => void | Promise<void>) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      async collect() {
        this.reset();
        await collect(this.set.bind(this) as Gauge['set']);
      },
    });
  gauge('apiserver_registered_watchers', 'Number of currently registered watchers for a given resources', ['group', 'resource'], (set) => {
    for (const [{ group, resource }, count] of watches.counts()) set({ group, resource }, count);
  });
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  gauge(
    'kubernetes_build_info',
    "A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
    ['major', 'minor', 'git_version', 'platform'],
    (set) => set({ major, minor, git_version: gitVersion, platform: `${process.platform}/${process.arch}` }, 1),
  );
}
