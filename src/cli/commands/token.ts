import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { secrets } from '../../api/core/secret.ts';
import { isNotFound } from '../../api/meta/status.ts';
import { systemClock } from '../../base/clock.ts';
import { bootstrapTokenSecret, createBootstrapToken } from '../../server/authn/bootstrap-token.ts';
import { formatJoinToken, parseJoinToken } from '../../server/authn/join-token.ts';
import { type AdminClient, openAdminClient } from '../admin-client.ts';
import { parseDuration } from '../duration.ts';
import { UsageError } from '../exit.ts';
import { commonFlags } from '../flags.ts';
import { withExamples } from '../help.ts';
import { applySettings } from '../settings.ts';
import { textTable } from '../text-table.ts';
import { tokenRows } from '../token-rows.ts';

interface Flags {
  readonly dataDir: string;
  readonly kubeconfig?: string;
  readonly ttl?: number;
  readonly description?: string;
}

const DEFAULT_TTL = '24h';
const NAMESPACE = 'kube-system';

function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('it must be a duration such as 30m, 24h or 1h30m; 0 never ends.');
  return ms;
}

/** A subcommand whose action gets a client of the administrator. */
function subcommand(
  spec: string,
  description: string,
  act: (admin: AdminClient, flags: Flags, argument: string) => Promise<void>,
): Command {
  const command = new Command(spec.split(' ')[0]).description(description);
  const argument = spec.split(' ')[1];
  if (argument) command.argument(argument);
  const kubeconfig = new Option('--kubeconfig <file>', "The administrator's kubeconfig. Default: kubeconfig.yaml in the data directory.");
  for (const flag of [...commonFlags(), kubeconfig]) command.addOption(flag);
  return command.action(async () => {
    applySettings(command, process.env);
    const flags = command.opts<Flags>();
    const path = flags.kubeconfig ?? join(resolve(flags.dataDir), 'kubeconfig.yaml');
    using admin = await openAdminClient(path, systemClock);
    await act(admin, flags, command.args[0] ?? '');
  });
}

async function create({ client, caHash }: AdminClient, { ttl = 0, description }: Flags): Promise<void> {
  const token = createBootstrapToken();
  const expiresMs = ttl > 0 ? systemClock.now() + ttl : undefined;
  await client.create(secrets, bootstrapTokenSecret(token, { description, expiresMs }), { signal: new AbortController().signal });
  process.stdout.write(`${formatJoinToken({ ...token, caHash })}\n`);
}

async function list({ client }: AdminClient): Promise<void> {
  const options = { namespace: NAMESPACE, fieldSelector: 'type=bootstrap.kubernetes.io/token', signal: new AbortController().signal };
  const { items } = await client.list(secrets, options);
  process.stdout.write(textTable(['ID', 'TTL', 'DESCRIPTION'], tokenRows(items, systemClock.now())));
}

async function remove({ client }: AdminClient, _: Flags, text: string): Promise<void> {
  const id = parseJoinToken(text)?.id ?? text;
  if (!/^[a-z0-9]{6}$/.test(id)) throw new UsageError(`"${text}" is no token: its id has 6 characters of a-z and 0-9`);
  try {
    await client.delete(secrets, `bootstrap-token-${id}`, { namespace: NAMESPACE, signal: new AbortController().signal });
  } catch (error) {
    throw isNotFound(error) ? new Error(`there is no token with the id ${id}`, { cause: error }) : error;
  }
  process.stdout.write(`token "${id}" deleted\n`);
}

function createCommand(): Command {
  const ttl = new Option('--ttl <duration>', 'How long the token is valid; 0 never ends.')
    .argParser(duration)
    .default(duration(DEFAULT_TTL), DEFAULT_TTL);
  const command = subcommand('create', 'Make a token that agents join with, and print it.', create)
    .addOption(ttl)
    .addOption(new Option('--description <text>', 'What the token is for; shown by the list.'));
  return withExamples(command, '# Let another machine join within the next hour\nminik token create --ttl 1h --description "rack 2"');
}

export function tokenCommand(): Command {
  const command = new Command('token').description('Make, list and delete the tokens that agents join the cluster with.');
  command.addCommand(createCommand());
  command.addCommand(
    withExamples(
      subcommand('list', 'List the tokens, without their secret part.', list),
      '# Which tokens are valid, and for how long\nminik token list',
    ),
  );
  command.addCommand(
    withExamples(
      subcommand('delete <id>', 'Delete a token: nobody can join with it any more. Nodes that joined stay.', remove),
      '# Delete a token by its id\nminik token delete abc123',
    ),
  );
  return withExamples(
    command,
    '# Make a token, then join on another machine\nminik token create\nminik agent --join https://HOST:6443 --token TOKEN',
  );
}
