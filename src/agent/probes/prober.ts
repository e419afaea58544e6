import type { ExecAction, LifecycleHandler, Probe } from '../../api/schema/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import { type Runtime, RuntimeError } from '../../runtime/runtime.ts';
import { grpcProbe } from './grpc-probe.ts';
import { httpProbe, type Limits } from './http-probe.ts';
import { timeoutMs } from './probe-machine.ts';
import { failed, MAX_ANSWER_BYTES, type ProbeAnswer, type ProbeTarget, succeeded } from './probe-target.ts';
import { tcpProbe } from './tcp-probe.ts';

/** A lifecycle hook did not do its work. */
export class HookError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'HookError';
  }
}

export interface Prober {
  /** Asks once. Rejects with the signal's reason alone: what cannot be asked is `unknown`. */
  probe(probe: Probe, target: ProbeTarget, options: { signal: AbortSignal }): Promise<ProbeAnswer>;
  /** Runs a postStart or preStop hook to its end; how long it may take is the caller's signal. Rejects with HookError. */
  runHook(handler: LifecycleHandler, target: ProbeTarget, options: { signal: AbortSignal }): Promise<void>;
}

export function createProber({ runtime, clock }: { runtime: Pick<Runtime, 'execSync'>; clock: Clock }): Prober {
  async function ask(probe: Probe, target: ProbeTarget, limits: Limits): Promise<ProbeAnswer> {
    if (probe.exec) return exec(probe.exec, target, timeoutMs(probe), limits.signal);
    if (probe.httpGet) return httpProbe(probe.httpGet, target, limits);
    if (probe.tcpSocket) return tcpProbe(probe.tcpSocket, target, limits);
    if (probe.grpc) return grpcProbe(probe.grpc, target, limits);
    throw new Error('missing probe handler');
  }

  async function exec({ command = [] }: ExecAction, target: ProbeTarget, limitMs: number, signal: AbortSignal): Promise<ProbeAnswer> {
    try {
      const { exitCode, stdout, stderr } = await runtime.execSync(target.containerId, command, limitMs / 1000, { signal });
      const output = Buffer.concat([stdout, stderr]).subarray(0, MAX_ANSWER_BYTES).toString('utf8');
      return exitCode === 0 ? succeeded(output) : failed(output);
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.reason !== 'DeadlineExceeded') throw error;
      return failed(`command timed out: ${JSON.stringify(command.join(' '))} timed out after ${limitMs / 1000}s`);
    }
  }

  async function hook(handler: LifecycleHandler, target: ProbeTarget, signal: AbortSignal): Promise<void> {
    const noTimeout = new AbortController().signal;
    if (handler.exec) {
      const { command = [] } = handler.exec;
      const { outcome, message } = await exec(handler.exec, target, 0, signal);
      if (outcome === 'failure') throw new HookError(`exec lifecycle hook (${command.join(' ')}) failed: ${message}`);
    } else if (handler.httpGet) {
      const { outcome, message } = await httpProbe(handler.httpGet, target, { signal, timedOut: noTimeout });
      // Any answer will do: a hook tells the container something, it does not ask.
      if (outcome === 'failure' && !message.startsWith('HTTP probe failed')) throw new HookError(`http lifecycle hook failed: ${message}`);
    } else if (handler.sleep) {
      await clock.sleep(handler.sleep.seconds * 1000, { signal });
    } else {
      // tcpSocket is in the API for compatibility; upstream's hooks of that kind fail, too.
      throw new HookError('cannot run handler: invalid handler');
    }
  }

  return {
    async probe(probe, target, { signal }) {
      const timeout = new AbortController();
      using _timer = clock.timer(timeoutMs(probe), () => timeout.abort());
      try {
        return await ask(probe, target, { signal, timedOut: timeout.signal });
      } catch (error) {
        signal.throwIfAborted();
        return { outcome: 'unknown', message: error instanceof Error ? error.message : String(error) };
      }
    },
    async runHook(handler, target, { signal }) {
      try {
        await hook(handler, target, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof HookError) throw error;
        throw new HookError(error instanceof Error ? error.message : String(error), { cause: error });
      }
    },
  };
}
