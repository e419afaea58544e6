import type { Component } from '../../base/component.ts';
import type { HealthCheck } from '../../server/http/health.ts';
import type { Store } from '../../store/store.ts';
import type { ServerSettings } from './settings.ts';

/** Named as upstream names the processes, in ComponentStatus. */
export type LoopName = 'controller-manager' | 'scheduler';

const SWITCHES = { 'controller-manager': 'controllers', scheduler: 'scheduler' } as const;

/** What the control plane of these settings is made of: loops that run in this process are well from when they are ready until they end. */
export function componentChecks(
  { disable }: Pick<ServerSettings, 'disable'>,
  { store, running }: { store: Pick<Store, 'revision'>; running: ReadonlySet<LoopName> },
): HealthCheck[] {
  const loops = (Object.keys(SWITCHES) as LoopName[]).filter((name) => !disable.includes(SWITCHES[name]));
  return [
    ...loops.map((name) => ({
      name,
      check() {
        if (!running.has(name)) throw new Error('not running');
      },
    })),
    { name: 'etcd-0', check: async () => void (await store.revision()) },
  ];
}

/** The component, in `running` from when it is ready until it ends. */
export const noted = (component: Component, name: LoopName, running: Set<LoopName>): Component => ({
  name: component.name,
  async run({ signal, ready }) {
    const begin = () => {
      running.add(name);
      ready();
    };
    try {
      await component.run({ signal, ready: begin });
    } finally {
      running.delete(name);
    }
  },
});
