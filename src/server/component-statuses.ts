import type { KubeList } from '../api/meta/object.ts';
import { notFound } from '../api/meta/status.ts';
import type { ComponentStatus } from '../api/schema/generated/types.ts';
import type { ApiRequest } from '../api/transport.ts';
import type { HealthCheck } from './http/health.ts';

const RESOURCE = { group: '', plural: 'componentstatuses' };

/** `kubectl get componentstatuses`: the parts of the control plane, asked as they are asked for. Deprecated upstream since 1.19, and still in use. */
export function componentStatuses(
  checks: readonly HealthCheck[],
): (request: ApiRequest) => Promise<ComponentStatus | KubeList<ComponentStatus>> {
  return async ({ verb, name }) => {
    if (verb === 'list') {
      const items = await Promise.all(checks.map(statusOf));
      return { kind: 'ComponentStatusList', apiVersion: 'v1', metadata: {}, items };
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
