import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { run } from '../../agent/host/spawn.ts';
import { systemClock } from '../../base/clock.ts';
import { criClient } from '../../runtime/containerd/cri-client.ts';
import { chooseSnapshotter } from '../../runtime/containerd/host-facts.ts';
import { imageImporter } from '../../runtime/containerd/image-import.ts';
import { UsageError } from '../exit.ts';
import { commonFlags } from '../flags.ts';
import { withExamples } from '../help.ts';
import { looksLikeArchive, showBytes, splitReference } from '../image-plan.ts';
import { applySettings } from '../settings.ts';
import { textTable } from '../text-table.ts';
import { type Paths, pathsOf } from '../wire/paths.ts';

type Runtime = ReturnType<typeof criClient>;

/** A tar's first block: enough to tell an archive from another file. */
const HEAD_BYTES = 512;

/** Runs `act` with the containerd of the minik on this data directory. Rejects with one sentence when it does not answer. */
async function withRuntime(dataDir: string, act: (runtime: Runtime, paths: Paths, signal: AbortSignal) => Promise<void>): Promise<void> {
  const paths = pathsOf(dataDir);
  const { signal } = new AbortController();
  const runtime = criClient({ socketPath: paths.containerdSocket, clock: systemClock });
  try {
    await runtime.version({ signal }).catch((error: Error) => {
      throw new Error(`no node of minik runs on the data directory ${dataDir} (${paths.containerdSocket} does not answer)`, {
        cause: error,
      });
    });
    await act(runtime, paths, signal);
  } finally {
    runtime.close();
  }
}

async function checkArchive(path: string): Promise<void> {
  const cannot = (error: Error) => {
    throw new UsageError(`cannot read ${path}: ${error.message}`);
  };
  await using file = await open(path).catch(cannot);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0).catch(cannot);
  if (!looksLikeArchive(buffer.subarray(0, bytesRead)))
    throw new UsageError(`${path} is no image archive: expected what docker save writes, or an OCI layout in a tar`);
}

/** ctr's own words for a tar that holds no image. */
const NO_IMAGE = 'unrecognized image format';

function importFailure(file: string, error: Error): Error {
  if (error.message.includes(NO_IMAGE)) return new UsageError(`${file} is a tar without an image in it`, { cause: error });
  return new Error(`${file} was not imported: ${error.message}`, { cause: error });
}

async function importFiles(dataDir: string, files: readonly string[]): Promise<void> {
  for (const file of files) await checkArchive(file);
  await withRuntime(dataDir, async (_, paths, signal) => {
    const snapshotter = await chooseSnapshotter(paths.containerdRoot);
    const importer = imageImporter({ socketPath: paths.containerdSocket, snapshotter, run });
    for (const file of files) {
      const names = await importer.importImage(resolve(file), { signal }).catch((error: Error) => {
        throw importFailure(file, error);
      });
      if (names.length === 0) throw new Error(`${file} holds no image with a name`);
      for (const name of names) process.stdout.write(`${name}\n`);
    }
  });
}

async function list(dataDir: string): Promise<void> {
  await withRuntime(dataDir, async (runtime, _, signal) => {
    const images = await runtime.listImages({ signal });
    const rows = images.flatMap((image) => {
      const names = image.repoTags.length > 0 ? image.repoTags : image.repoDigests;
      const id = image.id.replace('sha256:', '').slice(0, 13);
      return names.map((name) => [...splitReference(name), id, showBytes(image.sizeBytes)]);
    });
    rows.sort((a, b) => (a.join(' ') < b.join(' ') ? -1 : 1));
    process.stdout.write(textTable(['IMAGE', 'TAG', 'IMAGE ID', 'SIZE'], rows));
  });
}

/** A subcommand with the common flags. */
function subcommand(name: string, description: string, act: (dataDir: string, args: readonly string[]) => Promise<void>): Command {
  const command = new Command(name).description(description);
  for (const flag of commonFlags()) command.addOption(flag);
  return command.action(async () => {
    applySettings(command, process.env);
    await act(resolve(command.opts<{ dataDir: string }>().dataDir), command.args);
  });
}

export function imagesCommand(): Command {
  const load = subcommand(
    'import',
    'Import image archives (docker save, OCI) into the node on this machine; prints the names of the images.',
    importFiles,
  );
  load.argument('<file...>');
  const command = new Command('images').description('Import and list the images of the node on this machine.');
  command.addCommand(
    withExamples(
      load,
      '# Bring an image to a machine without a registry\ndocker save example.com/app:1 -o app.tar\nminik images import app.tar',
    ),
  );
  command.addCommand(withExamples(subcommand('ls', 'List the images.', list), '# Which images are here\nminik images ls'));
  return withExamples(command, '# Import two archives\nminik images import app.tar db.tar\n\n# List the images\nminik images ls');
}
