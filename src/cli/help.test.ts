import { Command, Option } from 'commander';
import { expect, it } from 'vitest';
import { tokenCommand } from './commands/token.ts';
import { uninstallCommand } from './commands/uninstall.ts';
import { KubectlHelp, withExamples } from './help.ts';

function helpOf(command: Command): string {
  command.createHelp = () => new KubectlHelp();
  return command.helpInformation();
}

it('a command shows what it does, examples, options with their defaults, and usage', async () => {
  const command = uninstallCommand();
  new Command('minik').addCommand(command);
  await expect(helpOf(command)).toMatchFileSnapshot('golden/uninstall-help.txt');
});

it('a group of commands lists them', () => {
  const group = withExamples(new Command('fruit').description('About fruit.'), '# Pick one\nfruit pick');
  group.addCommand(new Command('pick').description('Pick it.')).addCommand(new Command('eat').description('Eat it.'));
  expect(helpOf(group)).toBe(
    [
      'About fruit.',
      '',
      'Examples:',
      '  # Pick one',
      '  fruit pick',
      '',
      'Available Commands:',
      '  pick    Pick it.',
      '  eat     Eat it.',
      '',
      'Usage:',
      '  fruit [flags] [command]',
      '',
      'Use "fruit <command> --help" for more information about a given command.',
      '',
    ].join('\n'),
  );
});

it('defaults are shown as they are written: texts in quotes, lists in brackets, numbers bare', () => {
  const command = new Command('x').description('X.');
  command.addOption(new Option('--name <n>', 'A.').default('a'));
  command.addOption(new Option('--many <m>', 'B.').default(['a', 'b']));
  command.addOption(new Option('-c, --count <c>', 'C.').default(3));
  command.addOption(new Option('--on', 'D.'));
  expect(helpOf(command).match(/^ {4}.*$/gm)).toEqual(["    --name='a':", '    --many=[a,b]:', '    -c, --count=3:', '    --on=false:']);
});

it('the list of commands shows the first sentence of each, dots in names notwithstanding', () => {
  const group = new Command('fruit').description('About fruit.');
  group.addCommand(new Command('pick').description('Pick fruit.example.org/ripe ones\nby hand. Slowly.\n\nIt hurts them less.'));
  expect(helpOf(group)).toContain('Available Commands:\n  pick    Pick fruit.example.org/ripe ones\nby hand.\n\nUsage:');
});

it('a duration is shown as it is written, not as the number that it stands for', () => {
  const create = tokenCommand().commands.find((c) => c.name() === 'create') as Command;
  expect(helpOf(create)).toContain('    --ttl=24h:');
});
