import { resolve } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { type AuditLog, openAuditLog } from '../../server/audit/audit-log.ts';
import { type AuditPolicy, planAudit } from '../../server/audit/policy-plan.ts';
import { UsageError } from '../exit.ts';
import { readPolicyFile } from './policy-file.ts';

/** Flags of the audit log, under upstream's names. */
export interface AuditSettings {
  readonly auditPolicyFile?: string;
  readonly auditLogPath?: string;
  /** Days. */
  readonly auditLogMaxage?: number;
  readonly auditLogMaxbackup?: number;
  /** Megabytes. */
  readonly auditLogMaxsize?: number;
}

const MEGABYTE = 1024 * 1024;

/** undefined when there is nothing to log, or nowhere. Rejects with UsageError. */
export async function openAudit(
  settings: AuditSettings,
  { clock, log }: { clock: Clock; log: Logger },
): Promise<{ policy: AuditPolicy; log: AuditLog } | undefined> {
  const { auditPolicyFile, auditLogPath, auditLogMaxage = 0, auditLogMaxbackup = 0, auditLogMaxsize = 0 } = settings;
  const policy = auditPolicyFile === undefined ? undefined : await readPolicyFile('--audit-policy-file', auditPolicyFile, planAudit);
  if (!policy || auditLogPath === undefined) {
    if (auditLogPath !== undefined) log.warn({}, 'no audit policy file was given: no audit events will be recorded');
    return undefined;
  }
  const path = auditLogPath === '-' ? '-' : resolve(auditLogPath);
  const limits = { maxBytes: auditLogMaxsize * MEGABYTE, maxBackups: auditLogMaxbackup, maxAgeDays: auditLogMaxage };
  const opening = openAuditLog({ path, ...limits, stdout: process.stdout, clock, log });
  const opened = await opening.catch((error: Error) => {
    throw new UsageError(`--audit-log-path ${auditLogPath} cannot be written: ${error.message}`, { cause: error });
  });
  return { policy, log: opened };
}
