import { Command, Option } from 'commander';
import { withExamples } from '../help.ts';
import { GIT_VERSION, KUBERNETES_VERSION, MINIK_VERSION } from '../version.ts';

export function versionCommand(): Command {
  const command = new Command('version')
    .description('Print the version of minik and of the Kubernetes API that it serves.')
    .addOption(new Option('-o, --output <format>', 'text or json.').choices(['text', 'json']).default('text'))
    .action(({ output }: { output: string }) => {
      const facts = {
        minik: MINIK_VERSION,
        kubernetes: KUBERNETES_VERSION,
        gitVersion: GIT_VERSION,
        node: process.version,
        platform: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`,
      };
      const text = `minik ${facts.minik} (Kubernetes ${facts.kubernetes}, Node ${facts.node}, ${facts.platform})`;
      process.stdout.write(`${output === 'json' ? JSON.stringify(facts, null, 2) : text}\n`);
    });
  return withExamples(command, '# Print the version\nminik version\n\n# The same for scripts\nminik version -o json');
}
