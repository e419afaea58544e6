import { Gauge, type Registry } from 'prom-client';

/** client-go's metric of elections (component-base, prometheus/clientgo/leaderelection): 1 for the leases whose holder this server is. */
export function leaderMetrics(registry: Registry): (name: string, leads: boolean) => void {
  const status = new Gauge({
    name: 'leader_election_master_status',
    help: "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master. 'name' is the string used to identify the lease. Please make sure to group by name.",
    labelNames: ['name'],
    registers: [registry],
  });
  return (name, leads) => status.set({ name }, leads ? 1 : 0);
}
