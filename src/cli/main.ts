import { Command, CommanderError } from 'commander';
import { agentCommand } from './commands/agent.ts';
import { devCommand } from './commands/dev.ts';
import { imagesCommand } from './commands/images.ts';
import { serverCommand } from './commands/server.ts';
import { tokenCommand } from './commands/token.ts';
import { uninstallCommand } from './commands/uninstall.ts';
import { versionCommand } from './commands/version.ts';
import { EXIT, UsageError } from './exit.ts';
import { KubectlHelp } from './help.ts';

/** Makes every command throw its errors and print its help alike. */
function uniform(command: Command): Command {
  command.exitOverride();
  command.configureOutput({ outputError: () => {} });
  command.createHelp = () => new KubectlHelp();
  command.showSuggestionAfterError(true);
  for (const child of command.commands) uniform(child);
  return command;
}

function program(): Command {
  const root = new Command('minik').description('minik is a Kubernetes cluster in one executable.').helpCommand(false);
  const commands = [serverCommand(), agentCommand(), devCommand(), tokenCommand(), imagesCommand(), uninstallCommand(), versionCommand()];
  for (const command of commands) root.addCommand(command);
  return uniform(root);
}

/** Runs the command line and returns the exit code: 0, 1 for a failure, 2 for a mistake of the caller. */
async function main(argv: readonly string[]): Promise<number> {
  const root = program();
  try {
    if (argv.length === 0) root.outputHelp();
    else await root.parseAsync([...argv], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok;
      process.stderr.write(`${error.message.replace(/\s*\n\s*/g, ' ')}\nSee 'minik --help' for usage.\n`);
      return EXIT.usage;
    }
    process.stderr.write(`error: ${error instanceof Error ? error.message : error}\n`);
    if (process.env.MINIK_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return error instanceof UsageError ? EXIT.usage : EXIT.failure;
  }
}

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
