import type { ResourceDefinition } from '../../api/define.ts';
import { defaultFlowSchemas, defaultPriorityLevels } from '../../api/flowcontrol/default-objects.ts';
import { flowSchemas } from '../../api/flowcontrol/flow-schema.ts';
import { priorityLevelConfigurations } from '../../api/flowcontrol/priority-level-configuration.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../api/meta/status.ts';
import type { FlowSchema } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import type { Controller } from '../../client/controller.ts';
import { type KeepPlan, planDangling, planKept } from './flow-control-plan.ts';

const SCHEMAS = 'flowschemas.flowcontrol.apiserver.k8s.io';
const LEVELS = 'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io';

const byName = <T extends KubeObject>(objects: readonly T[]): ReadonlyMap<string, T> =>
  new Map(objects.map((object) => [object.metadata?.name ?? '', object]));

/** Keeps the default FlowSchemas, and says of every one whether its priority level exists (API Priority and Fairness). */
export function flowSchemaController(): Controller {
  const wanted = byName(defaultFlowSchemas());
  return {
    name: 'flowschema',
    reads: [SCHEMAS, LEVELS],
    writes: [SCHEMAS, `${SCHEMAS}/status`],
    enqueue: {
      [LEVELS]: (level, { informer }) =>
        informer(flowSchemas)
          .list()
          .filter(({ spec }) => spec?.priorityLevelConfiguration.name === level.metadata?.name)
          .map(({ metadata }) => metadata?.name ?? ''),
    },
    async reconcile({ key, informer, client, clock, signal }) {
      const found = informer(flowSchemas).get(key);
      const plan = planKept<FlowSchema>(found, wanted.get(key));
      if (plan.do !== 'nothing') return keep(client, flowSchemas, plan, signal);
      if (!found) return;
      const hasLevel = informer(priorityLevelConfigurations).get(found.spec?.priorityLevelConfiguration.name ?? '') !== undefined;
      const conditions = planDangling(found, hasLevel, rfc3339(clock.now()));
      if (conditions) await client.update(flowSchemas, { ...found, status: { conditions } }, { subresource: 'status', signal });
    },
  };
}

/** Keeps the default priority levels. */
export function priorityLevelController(): Controller {
  const wanted = byName(defaultPriorityLevels());
  return {
    name: 'prioritylevelconfiguration',
    reads: [LEVELS],
    writes: [LEVELS],
    async reconcile({ key, informer, client, signal }) {
      const plan = planKept(informer(priorityLevelConfigurations).get(key), wanted.get(key));
      if (plan.do !== 'nothing') await keep(client, priorityLevelConfigurations, plan, signal);
    },
  };
}

/** Who wrote in between has enqueued the key again. */
async function keep<T extends KubeObject>(
  client: Client,
  resource: ResourceDefinition<T>,
  plan: Exclude<KeepPlan<T>, { do: 'nothing' }>,
  signal: AbortSignal,
): Promise<void> {
  const write = plan.do === 'create' ? client.create(resource, plan.object, { signal }) : client.update(resource, plan.object, { signal });
  await write.catch((error: unknown) => {
    if (!isAlreadyExists(error) && !isConflict(error) && !isNotFound(error)) throw error;
  });
}
