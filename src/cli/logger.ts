import pino from 'pino';
import type { Logger } from '../base/logger.ts';

const LABELS: Record<number, string> = { 20: 'DEBUG', 30: 'INFO', 40: 'WARN', 50: 'ERROR' };

const show = (value: unknown): string => {
  if (value instanceof Error) return value.message;
  if (typeof value === 'object' && value !== null) {
    const { message } = value as { message?: unknown };
    return typeof message === 'string' ? JSON.stringify(message) : JSON.stringify(value);
  }
  return /[\s="]/.test(String(value)) ? JSON.stringify(String(value)) : String(value);
};

/** `22:04:01 INFO  pod bound pod=default/web node=a`: one line an event, for people. */
function asText(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as { level: number; time: number; msg: string };
  const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${show(value)}`);
  return `${new Date(time).toISOString().slice(11, 19)} ${(LABELS[level] ?? '').padEnd(5)} ${msg}${rest.join('')}\n`;
}

/** Logs to stderr. Writing is synchronous: the last words of a process are never lost. */
export function createLogger({ level, format }: { level: string; format: string }): Logger {
  const write = (text: string) => void process.stderr.write(text);
  const destination = { write: format === 'json' ? write : (line: string) => write(asText(line)) };
  return pino({ level, base: null, serializers: { error: pino.stdSerializers.err } }, destination);
}
