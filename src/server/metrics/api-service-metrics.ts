import { Counter, Gauge, type Registry } from 'prom-client';
import { availableCondition, isAvailable } from '../../api/apiregistration/api-service.ts';
import type { APIService } from '../../api/schema/generated/types.ts';
import type { ObjectReader } from '../ports.ts';

const API_SERVICES = 'apiservices.apiregistration.k8s.io';

/** Upstream's metrics of extension API servers (kube-aggregator): who cannot be reached, and how often they could no longer be. */
export function observeApiServices(objects: ObjectReader, registry: Registry): void {
  const registers = [registry];
  const list = () => (objects.has(API_SERVICES) ? objects.list<APIService>(API_SERVICES) : []);
  const nameOf = ({ metadata }: APIService) => metadata?.name ?? '';
  new Gauge({
    name: 'aggregator_unavailable_apiservice',
    help: 'Gauge of APIServices which are marked as unavailable broken down by APIService name.',
    labelNames: ['name'],
    registers,
    collect() {
      this.reset();
      for (const service of list()) if (service.spec?.service) this.set({ name: nameOf(service) }, isAvailable(service) ? 0 : 1);
    },
  });
  const losses = new Counter({
    name: 'aggregator_unavailable_apiservice_total',
    help: 'Counter of APIServices which are marked as unavailable broken down by APIService name and reason.',
    labelNames: ['name', 'reason'],
    registers,
  });
  const availableNow = () => new Set(list().filter(isAvailable).map(nameOf));
  let available = availableNow();
  objects.onChange(API_SERVICES, () => {
    for (const service of list()) {
      const condition = availableCondition(service);
      if (condition?.status !== 'True' && available.has(nameOf(service)))
        losses.inc({ name: nameOf(service), reason: condition?.reason ?? 'UnknownReason' });
    }
    available = availableNow();
  });
}
