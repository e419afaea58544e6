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
const resourceVersion = query('resourceVersion', 'string', 'Which versions of objects a request may be served from.');

const SELECTION: readonly Parameter[] = [
  query('continue', 'string', 'Where the previous page of the list ended.'),
  query('fieldSelector', 'string', 'Restricts the objects by their fields.'),
  query('labelSelector', 'string', 'Restricts the objects by their labels.'),
  query('limit', 'integer', 'The most objects that one page of a list may have.'),
  resourceVersion,
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

export const NAME = path('name', 'The name of the object.');
export const NAMESPACE = path('namespace', 'The namespace of the object.');
export const PRETTY = pretty;

/** All of them, each name once: OpenAPI 2 refers to them. */
export const QUERY_PARAMETERS: readonly Parameter[] = [
  ...new Map([...LIST_PARAMETERS, ...PATCH_PARAMETERS, ...DELETION, PRETTY].map((parameter) => [parameter.name, parameter])).values(),
];
