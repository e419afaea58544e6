import { type Command, Help, type Option } from 'commander';

/** Texts that commander has no place for. */
const examples = new WeakMap<Command, string>();

/** Sets the examples of a command: lines without indentation, comments with `#`. */
export function withExamples(command: Command, text: string): Command {
  examples.set(command, text.trim());
  return command;
}

const indent = (text: string, by: string) =>
  text
    .split('\n')
    .map((line) => (line ? by + line : line))
    .join('\n');

/** What stands before the first full stop that ends a sentence; dots in names are none. */
const firstSentence = (text: string) => /^.*?\.(?=\s|$)/s.exec(text)?.[0] ?? text;

function showDefault(option: Option): string {
  // Of a value that is kept in another form than it is written in: 24h, not its milliseconds.
  if (option.defaultValueDescription !== undefined) return option.defaultValueDescription;
  if (option.isBoolean()) return String(option.defaultValue ?? false);
  if (option.defaultValue === undefined) return option.variadic ? '[]' : "''";
  return Array.isArray(option.defaultValue)
    ? `[${option.defaultValue.join(',')}]`
    : typeof option.defaultValue === 'number'
      ? String(option.defaultValue)
      : `'${option.defaultValue}'`;
}

const showOption = (option: Option) =>
  `    ${option.short ? `${option.short}, ` : ''}${option.long}=${showDefault(option)}:\n\t${option.description}`;

/** Help in kubectl's layout: what it does, examples, options with their defaults, usage. */
export class KubectlHelp extends Help {
  override subcommandDescription(command: Command): string {
    return firstSentence(super.subcommandDescription(command));
  }

  override formatHelp(command: Command, helper: Help): string {
    const parts: string[] = [helper.commandDescription(command)];
    const example = examples.get(command);
    if (example) parts.push(`Examples:\n${indent(example, '  ')}`);
    const commands = helper.visibleCommands(command).filter((c) => c.name() !== 'help');
    if (commands.length > 0) {
      const width = Math.max(...commands.map((c) => c.name().length)) + 4;
      parts.push(`Available Commands:\n${commands.map((c) => `  ${c.name().padEnd(width)}${helper.subcommandDescription(c)}`).join('\n')}`);
    }
    const options = helper.visibleOptions(command).filter((o) => o.long !== '--help' && o.long !== '--version');
    if (options.length > 0) parts.push(`Options:\n${options.map(showOption).join('\n\n')}`);
    parts.push(`Usage:\n  ${helper.commandUsage(command).replace('[options]', commands.length > 0 ? '[flags]' : '[flags] [options]')}`);
    if (commands.length > 0)
      parts.push(`Use "${helper.commandUsage(command).split(' [')[0]} <command> --help" for more information about a given command.`);
    return `${parts.join('\n\n')}\n`;
  }
}
