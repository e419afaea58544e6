import { resolve } from 'node:path';
import { Command } from 'commander';
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import { auditFlags } from '../audit-flags.ts';
import { authFlags } from '../auth-flags.ts';
import {
  admissionFlags,
  apiFlags,
  apiSafetyFlags,
  clusterFlags,
  commonFlags,
  nodeFlags,
  runtimeFlags,
  schedulerFlags,
  sharedNodeFlags,
} from '../flags.ts';
import { withExamples } from '../help.ts';
import { claimInstance } from '../instance.ts';
import { createLogger } from '../logger.ts';
import { applySettings } from '../settings.ts';
import { tlsFlags } from '../tls-flags.ts';
import { defaultDnsAddress } from '../wire/api-server.ts';
import { ownAddresses } from '../wire/node-address.ts';
import { runServer, type ServerOptions } from '../wire/server.ts';

type Flags = Omit<ServerOptions, 'nodeIp' | 'clusterDns'> & {
  nodeIp?: readonly string[];
  clusterDns?: string;
  logLevel: string;
  logFormat: string;
};

const EXAMPLES = `
# Run a cluster on this machine
minik server

# Keep everything in another place and let kubectl of other machines in
minik server --data-dir /srv/minik --tls-san cluster.example.org

# Run the control plane only
minik server --disable-agent`;

export function serverCommand(): Command {
  const command = new Command('server').description(
    'Run a Kubernetes cluster: the API server, the scheduler and the controllers, and a node on this machine unless told otherwise.\n\n' +
      'The kubeconfig of the cluster administrator is written to kubeconfig.yaml in the data directory.',
  );
  for (const flag of [
    ...commonFlags(),
    ...apiFlags(),
    ...tlsFlags(),
    ...apiSafetyFlags(),
    ...auditFlags(),
    ...runtimeFlags(),
    ...admissionFlags(),
    ...authFlags(),
    ...clusterFlags(),
    ...schedulerFlags(),
    ...sharedNodeFlags(),
    ...nodeFlags(),
  ])
    command.addOption(flag);
  command.action(async () => {
    applySettings(command, process.env);
    const flags = command.opts<Flags>();
    const dataDir = resolve(flags.dataDir);
    using _claim = claimInstance(dataDir);
    const log = createLogger({ level: flags.logLevel, format: flags.logFormat });
    const clusterDns = flags.clusterDns ?? defaultDnsAddress(flags.serviceCidr);
    await runServer(
      { ...flags, dataDir, clusterDns, nodeIp: flags.nodeIp ?? ownAddresses(flags.clusterCidr) },
      { clock: systemClock, random: systemRandom, log },
    );
  });
  return withExamples(command, EXAMPLES);
}
