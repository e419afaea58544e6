import { componentStatuses as definition } from '../api/core/component-status.ts';
import type { KubeList } from '../api/meta/object.ts';
import { notFound } from '../api/meta/status.ts';
import type { ComponentStatus } from '../api/schema/generated/types.ts';
import type { ApiRequest } from '../api/transport.ts';
import type { HealthCheck } from './http/health.ts';
import { selectionOf } from './registry/selectors.ts';

/** What upstream calls the kind here and nowhere else (core/componentstatus/rest.go, Get). */
const RESOURCE = { group: '', plural: 'componentstatus' };

/** `kubectl get componentstatuses`: the parts of the control plane, asked as they are asked for. Deprecated upstream since 1.19, and still in use. */
export function componentStatuses(
  checks: readonly HealthCheck[],
): (request: ApiRequest) => Promise<ComponentStatus | KubeList<ComponentStatus>> {
  return async (request) => {
    const { verb, name } = request;
    if (verb === 'list') {
      const { matches = () => true } = selectionOf(definition, request);
      const items = await Promise.all(checks.map(statusOf));
      return { kind: 'ComponentStatusList', apiVersion: 'v1', metadata: {}, items: items.filter(matches) };
    }
    const check = checks.find((each) => each.name === name);
    if (!check) throw notFound(RESOURCE, name ?? '');
    return statusOf(check);
  };
}

async function statusOf({ name, check }: HealthCheck): Promise<ComponentStatus> {
  const status = (condition: object) => ({
    apiVersion: 'v1',
    kind: 'ComponentStatus',
    metadata: { name },
    conditions: [{ type: 'Healthy', ...condition }] as ComponentStatus['conditions'],
  });
  try {
    await check();
    return status({ status: 'True', message: 'ok' });
  } catch (error) {
    return status({ status: 'False', message: error instanceof Error ? error.message : String(error) });
  }
}
