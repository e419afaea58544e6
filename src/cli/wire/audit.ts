import { resolve } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import { openAuditLog } from '../../server/audit/audit-log.ts';
import { auditWebhook } from '../../server/audit/audit-webhook.ts';
import { type AuditBackend, type AuditMode, allBackends } from '../../server/audit/backend.ts';
import { type AuditPolicy, planAudit } from '../../server/audit/policy-plan.ts';
import { truncated } from '../../server/audit/truncated.ts';
import { kubeconfigEndpoint } from '../../server/outbound/kubeconfig.ts';
import type { Outbound } from '../../server/outbound/outbound.ts';
import { UsageError } from '../exit.ts';
import { fromKubeconfig } from './from-file.ts';
import { readPolicyFile } from './policy-file.ts';

/** Flags of audit, under upstream's names. Durations are milliseconds, sizes bytes where nothing else is said. */
export interface AuditSettings {
  readonly auditPolicyFile?: string;
  readonly auditLogPath?: string;
  readonly auditLogMode?: AuditMode;
  /** Days. */
  readonly auditLogMaxage?: number;
  readonly auditLogMaxbackup?: number;
  /** Megabytes. */
  readonly auditLogMaxsize?: number;
  readonly auditLogCompress?: boolean;
  readonly auditLogTruncateEnabled?: boolean;
  readonly auditLogTruncateMaxEventSize?: number;
  readonly auditLogTruncateMaxBatchSize?: number;
  readonly auditWebhookConfigFile?: string;
  readonly auditWebhookMode?: AuditMode;
  readonly auditWebhookInitialBackoff?: number;
  readonly auditWebhookBatchBufferSize?: number;
  readonly auditWebhookBatchMaxSize?: number;
  readonly auditWebhookBatchMaxWait?: number;
  readonly auditWebhookBatchThrottleEnable?: boolean;
  readonly auditWebhookBatchThrottleQps?: number;
  readonly auditWebhookBatchThrottleBurst?: number;
  readonly auditWebhookTruncateEnabled?: boolean;
  readonly auditWebhookTruncateMaxEventSize?: number;
  readonly auditWebhookTruncateMaxBatchSize?: number;
}

const MEGABYTE = 1024 * 1024;
const EVENT_BYTES = 100 * 1024;
const BATCH_BYTES = 10 * MEGABYTE;

interface Tools {
  readonly outbound: Pick<Outbound, 'postText'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** undefined when there is nothing to tell, or nobody. Rejects with UsageError. */
export async function openAudit(
  settings: AuditSettings,
  tools: Tools,
): Promise<{ policy: AuditPolicy; backend: AuditBackend } | undefined> {
  const { auditPolicyFile, auditLogPath, auditWebhookConfigFile } = settings;
  const policy = auditPolicyFile === undefined ? undefined : await readPolicyFile('--audit-policy-file', auditPolicyFile, planAudit);
  if (auditLogPath === undefined && auditWebhookConfigFile === undefined) return undefined;
  if (!policy) {
    tools.log.warn({}, 'no audit policy file was given: no audit events will be recorded');
    return undefined;
  }
  const webhook = auditWebhookConfigFile === undefined ? [] : [await openWebhook(settings, auditWebhookConfigFile, tools)];
  const file = auditLogPath === undefined ? [] : [await openLog(settings, auditLogPath, tools)];
  return { policy, backend: allBackends([...file, ...webhook]) };
}

async function openLog(settings: AuditSettings, given: string, { clock, log }: Tools): Promise<AuditBackend> {
  const {
    auditLogMaxage = 0,
    auditLogMaxbackup = 0,
    auditLogMaxsize = 0,
    auditLogMode: mode = 'blocking',
    auditLogCompress: compress,
  } = settings;
  const { auditLogTruncateEnabled, auditLogTruncateMaxEventSize, auditLogTruncateMaxBatchSize } = settings;
  const bounds = boundsOf('log', auditLogTruncateEnabled, auditLogTruncateMaxEventSize, auditLogTruncateMaxBatchSize);
  const path = given === '-' ? '-' : resolve(given);
  const limits = { maxBytes: auditLogMaxsize * MEGABYTE, maxBackups: auditLogMaxbackup, maxAgeDays: auditLogMaxage };
  const opening = openAuditLog({ path, mode, compress, ...limits, stdout: process.stdout, clock, log });
  const opened = await opening.catch((error: Error) => {
    throw new UsageError(`--audit-log-path ${given} cannot be written: ${error.message}`, { cause: error });
  });
  return bounds ? truncated(opened, bounds) : opened;
}

async function openWebhook(settings: AuditSettings, path: string, tools: Tools): Promise<AuditBackend> {
  const { auditWebhookTruncateEnabled, auditWebhookTruncateMaxEventSize, auditWebhookTruncateMaxBatchSize } = settings;
  const bounds = boundsOf('webhook', auditWebhookTruncateEnabled, auditWebhookTruncateMaxEventSize, auditWebhookTruncateMaxBatchSize);
  const endpoint = await fromKubeconfig('--audit-webhook-config-file', path, kubeconfigEndpoint);
  const { auditWebhookBatchThrottleQps: perSecond = 10, auditWebhookBatchThrottleBurst: burst = 15 } = settings;
  const batch = {
    bufferSize: settings.auditWebhookBatchBufferSize ?? 10_000,
    maxEvents: settings.auditWebhookBatchMaxSize ?? 400,
    maxBytes: bounds?.maxBatchBytes ?? Number.POSITIVE_INFINITY,
    maxWaitMs: settings.auditWebhookBatchMaxWait ?? 30_000,
    throttle: settings.auditWebhookBatchThrottleEnable === false ? undefined : { perSecond, burst },
  };
  const { auditWebhookMode: mode = 'batch', auditWebhookInitialBackoff: initialBackoffMs = 10_000 } = settings;
  const backend = auditWebhook({ endpoint, mode, batch, initialBackoffMs, ...tools });
  return bounds ? truncated(backend, bounds) : backend;
}

/** undefined: nothing is truncated. Throws UsageError when a batch could not hold the greatest event. */
function boundsOf(
  backend: 'log' | 'webhook',
  enabled: boolean | undefined,
  maxEventBytes = EVENT_BYTES,
  maxBatchBytes = BATCH_BYTES,
): { maxEventBytes: number; maxBatchBytes: number } | undefined {
  if (maxBatchBytes < maxEventBytes)
    throw new UsageError(
      `--audit-${backend}-truncate-max-batch-size ${maxBatchBytes} must not be smaller than --audit-${backend}-truncate-max-event-size ${maxEventBytes}`,
    );
  return enabled ? { maxEventBytes, maxBatchBytes } : undefined;
}
