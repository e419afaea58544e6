import { resolve } from 'node:path';
import { Command } from 'commander';
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import { UsageError } from '../exit.ts';
import { agentPartFlags, commonFlags, joinFlags, nodeFlags } from '../flags.ts';
import { withExamples } from '../help.ts';
import { claimInstance } from '../instance.ts';
import { createLogger } from '../logger.ts';
import { applySettings } from '../settings.ts';
import { type AgentOptions, runAgent } from '../wire/agent.ts';

type Flags = Omit<AgentOptions, 'join' | 'token'> & {
  join?: string;
  token?: string;
  logLevel: string;
  logFormat: string;
};

const EXAMPLES = `
# Join this machine to a cluster; the token comes from 'minik token create' on the server
minik agent --join https://10.0.0.1:6443 --token K10...

# The same for machines with labels and a taint of their own
minik agent --join https://10.0.0.1:6443 --token K10... --node-label disk=ssd --node-taint edge=yes:NoSchedule`;

export function agentCommand(): Command {
  const command = new Command('agent').description(
    'Join this machine to a cluster as a node: kubelet, service proxy and cluster DNS on containerd.',
  );
  for (const flag of [...commonFlags(), ...joinFlags(), ...nodeFlags(), ...agentPartFlags()]) command.addOption(flag);
  command.action(async () => {
    applySettings(command, process.env);
    const { join, token, ...flags } = command.opts<Flags>();
    if (!join) throw new UsageError('--join is missing: the address of the server, such as https://10.0.0.1:6443');
    if (!token) throw new UsageError('--token is missing: `minik token create` on the server prints one');
    const dataDir = resolve(flags.dataDir);
    using _claim = claimInstance(dataDir);
    const log = createLogger({ level: flags.logLevel, format: flags.logFormat });
    const options = { ...flags, join, token, dataDir };
    await runAgent(options, { clock: systemClock, random: systemRandom, log });
  });
  return withExamples(command, EXAMPLES);
}
