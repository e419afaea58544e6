/** A query or path parameter, independent of the version of OpenAPI. */
export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly type: 'boolean' | 'integer' | 'string';
  readonly description: string;
}

const query = (name: string, type: Parameter['type'], description: string): Parameter => ({ name, in: 'query', type, description });
const path = (name: string, description: string): Parameter => ({ name, in: 'path', type: 'string', description });

const pretty = query('pretty', 'string', "If 'true', the output is indented.");
const dryRun = query('dryRun', 'string', "With 'All', the request is processed to its end, but nothing is stored.");
const fieldManager = query('fieldManager', 'string', 'The name of the client or person that makes these changes.');
const fieldValidation = query(
  'fieldValidation',
  'string',
  'What to do about unknown or duplicate fields: Ignore, Warn (the default) or Strict.',
);
const force = query('force', 'boolean', 'Take over fields that other managers own; only for apply patches.');
export const RESOURCE_VERSION = query('resourceVersion', 'string', 'Which versions of objects a request may be served from.');

const SELECTION: readonly Parameter[] = [
  query('continue', 'string', 'Where the previous page of the list ended.'),
  query('fieldSelector', 'string', 'Restricts the objects by their fields.'),
  query('labelSelector', 'string', 'Restricts the objects by their labels.'),
  query('limit', 'integer', 'The most objects that one page of a list may have.'),
  RESOURCE_VERSION,
  query('resourceVersionMatch', 'string', 'How resourceVersion is applied to lists.'),
  query('sendInitialEvents', 'boolean', 'Start a watch with an event for every object that exists.'),
  query('timeoutSeconds', 'integer', 'How long the call may take, whatever its activity.'),
];

export const LIST_PARAMETERS: readonly Parameter[] = [
  ...SELECTION,
  query('allowWatchBookmarks', 'boolean', 'Ask for BOOKMARK events in a watch.'),
  query('watch', 'boolean', 'Watch for changes and answer with a stream of them.'),
];
export const WRITE_PARAMETERS: readonly Parameter[] = [dryRun, fieldManager, fieldValidation];
export const PATCH_PARAMETERS: readonly Parameter[] = [...WRITE_PARAMETERS, force];
const DELETION: readonly Parameter[] = [
  dryRun,
  query('gracePeriodSeconds', 'integer', 'Seconds before the object is removed; zero is at once.'),
  query('orphanDependents', 'boolean', 'Deprecated: use propagationPolicy.'),
  query('propagationPolicy', 'string', 'What happens to dependents: Orphan, Background or Foreground.'),
];
export const DELETE_PARAMETERS: readonly Parameter[] = DELETION;
export const DELETE_COLLECTION_PARAMETERS: readonly Parameter[] = [...SELECTION, ...DELETION];

const container = query('container', 'string', 'Which container; may be left out when the pod has one.');
const stdin = query('stdin', 'boolean', 'Send to the standard input of the process.');
const stdout = query('stdout', 'boolean', 'Receive the standard output of the process.');
const stderr = query('stderr', 'boolean', 'Receive the standard error of the process.');
const tty = query('tty', 'boolean', 'Run the process on a terminal.');
const target = [query('path', 'string', 'Where to send the request, below the proxied object.')];

/** What connections take in their query, by the kind of their options. */
export const CONNECTION_PARAMETERS: Readonly<Record<string, readonly Parameter[]>> = {
  NodeProxyOptions: target,
  PodAttachOptions: [container, stderr, stdin, stdout, tty],
  PodExecOptions: [
    query('command', 'string', 'The program and its arguments, one a parameter; no shell runs it.'),
    container,
    stderr,
    stdin,
    stdout,
    tty,
  ],
  PodPortForwardOptions: [query('ports', 'integer', 'The ports to forward to.')],
  PodProxyOptions: target,
  ServiceProxyOptions: target,
};
export const LOG_PARAMETERS: readonly Parameter[] = [
  container,
  query('follow', 'boolean', 'Go on with what is logged from now on.'),
  query('insecureSkipTLSVerifyBackend', 'boolean', "Do not verify the kubelet's certificate."),
  query('limitBytes', 'integer', 'The most bytes to send.'),
  pretty,
  query('previous', 'boolean', 'The log of the container before its last restart.'),
  query('sinceSeconds', 'integer', 'Only what was logged in the last so many seconds.'),
  query('stream', 'string', 'Which stream: All (the default), Stdout or Stderr.'),
  query('tailLines', 'integer', 'Only the last so many lines.'),
  query('timestamps', 'boolean', 'Start each line with the time at which it was logged.'),
];

export const SUBPATH = path('path', 'Where to send the request, below the proxied object.');
export const NAME = path('name', 'The name of the object.');
export const NAMESPACE = path('namespace', 'The namespace of the object.');
export const PRETTY = pretty;

/** All of them, each once: OpenAPI 2 refers to them. */
export const QUERY_PARAMETERS: readonly Parameter[] = [
  ...new Set([
    ...LIST_PARAMETERS,
    ...PATCH_PARAMETERS,
    ...DELETION,
    ...LOG_PARAMETERS,
    ...Object.values(CONNECTION_PARAMETERS).flat(),
    PRETTY,
  ]),
];
