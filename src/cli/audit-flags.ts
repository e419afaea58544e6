import { InvalidArgumentError } from 'commander';
import { boolean, duration } from './auth-flags.ts';
import { flag, oneOf, text } from './flag-values.ts';

const VERSION = 'audit.k8s.io/v1';

/** Counts of which there must be some. */
function positive(value: string): number {
  if (!/^\d+$/.test(value) || Number(value) === 0) throw new InvalidArgumentError('it must be a positive number.');
  return Number(value);
}

function positiveRate(value: string): number {
  const rate = Number(value);
  if (!/^\d+(\.\d+)?$/.test(value) || rate === 0) throw new InvalidArgumentError('it must be a positive number.');
  return rate;
}

function count(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('it must be a number, not negative.');
  return Number(value);
}

const modeFlag = (backend: 'log' | 'webhook', initial: string) =>
  flag(
    `--audit-${backend}-mode <mode>`,
    'batch: events go out in batches; blocking: requests wait until each of their events is out; blocking-strict: and are refused when their arrival cannot be told.',
    oneOf('batch', 'blocking', 'blocking-strict'),
    initial,
  );

const logFlags = () => [
  flag('--audit-log-path <file>', 'Where audit events are written, one line of JSON each; - is standard output.', text),
  modeFlag('log', 'blocking'),
  flag('--audit-log-maxage <days>', 'How long old audit logs are kept; 0 for ever.', count, 366),
  flag('--audit-log-maxbackup <count>', 'How many old audit logs are kept; 0 keeps all.', count, 100),
  flag('--audit-log-maxsize <megabytes>', 'Size at which the audit log is put aside for a new one; 0 never.', count, 100),
  flag('--audit-log-compress <true|false>', 'Compress audit logs that were put aside, with gzip. Default: false.', boolean),
  flag('--audit-log-format <format>', 'Format of the audit log: json.', oneOf('json'), 'json'),
  flag('--audit-log-version <version>', `Version of the events: ${VERSION}.`, oneOf(VERSION), VERSION),
];

const truncateFlags = (backend: 'log' | 'webhook') => [
  flag(
    `--audit-${backend}-truncate-enabled <true|false>`,
    'Keep large events out: they lose the objects of request and answer, or are lost. Default: false.',
    boolean,
  ),
  flag(`--audit-${backend}-truncate-max-event-size <bytes>`, 'Greatest event, then.', positive, 102_400),
  flag(`--audit-${backend}-truncate-max-batch-size <bytes>`, 'Greatest batch of events, then.', positive, 10_485_760),
];

const webhookFlags = () => [
  flag('--audit-webhook-config-file <file>', 'Kubeconfig of a webhook that audit events are sent to.', text),
  modeFlag('webhook', 'batch'),
  flag(
    '--audit-webhook-initial-backoff <duration>',
    'How long to wait before a request that failed is sent again. Default: 10s.',
    duration,
  ),
  flag('--audit-webhook-version <version>', `Version of the events: ${VERSION}.`, oneOf(VERSION), VERSION),
  flag('--audit-webhook-batch-buffer-size <count>', 'Events that wait while batches may not go out; more are lost.', positive, 10_000),
  flag('--audit-webhook-batch-max-size <count>', 'Greatest number of events in a batch.', positive, 400),
  flag('--audit-webhook-batch-max-wait <duration>', 'How long a batch waits for more events. Default: 30s.', duration),
  flag('--audit-webhook-batch-throttle-enable <true|false>', 'Bound how many batches go out. Default: true.', boolean),
  flag('--audit-webhook-batch-throttle-qps <count>', 'Batches a second, on average.', positiveRate, 10),
  flag('--audit-webhook-batch-throttle-burst <count>', 'Batches at once, when there were few before.', positive, 15),
];

/** What is told of requests and to whom, under the names that kube-apiserver has for it. */
export const auditFlags = () => [
  flag('--audit-policy-file <file>', 'Policy (audit.k8s.io/v1): which requests are logged, and how much of each.', text),
  ...logFlags(),
  ...truncateFlags('log'),
  ...webhookFlags(),
  ...truncateFlags('webhook'),
];
