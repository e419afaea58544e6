/**
 * The program of the pause image: process 1 of a pod. It ends on SIGTERM and SIGINT, collects orphans that end (ignoring SIGCHLD makes the
 * kernel do so, signal(7) and wait(2)), and else sleeps. Written as machine code, since it must need no compiler and no C library:
 *
 *     act.handler = SIG_IGN;  rt_sigaction(SIGCHLD, &act)
 *     act.handler = end;      rt_sigaction(SIGTERM, &act); rt_sigaction(SIGINT, &act)
 *     for (;;) wait for a signal            // pause(), or ppoll(NULL, 0, NULL, NULL) where there is no pause
 *   end: exit_group(0)
 *
 * Process 1 of a PID namespace ignores signals without a handler, hence the handler.
 */
export type Architecture = 'amd64' | 'arm64';

/** Where the one segment is loaded. */
const BASE = 0x400000;
const HEADER_BYTES = 64 + 56;
const ENTRY = BASE + HEADER_BYTES;
/** e_machine of the ELF header. */
const MACHINE: Record<Architecture, number> = { amd64: 62, arm64: 183 };

const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGCHLD: 17 } as const;

export function pauseElf(architecture: Architecture): Buffer {
  const code = architecture === 'amd64' ? amd64Code() : arm64Code();
  return Buffer.concat([elfHeader(architecture), programHeader(HEADER_BYTES + code.length), code]);
}

function elfHeader(architecture: Architecture): Buffer {
  const header = Buffer.alloc(64);
  header.write('\x7fELF', 'latin1');
  header.set([2, 1, 1], 4); // 64 bits, little endian, version 1
  header.writeUInt16LE(2, 16); // executable
  header.writeUInt16LE(MACHINE[architecture], 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(ENTRY), 24);
  header.writeBigUInt64LE(64n, 32); // program headers follow at once
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt16LE(64, 58);
  return header;
}

function programHeader(fileBytes: number): Buffer {
  const header = Buffer.alloc(56);
  header.writeUInt32LE(1, 0); // load
  header.writeUInt32LE(5, 4); // readable, executable
  header.writeBigUInt64LE(BigInt(BASE), 16);
  header.writeBigUInt64LE(BigInt(BASE), 24);
  header.writeBigUInt64LE(BigInt(fileBytes), 32);
  header.writeBigUInt64LE(BigInt(fileBytes), 40);
  header.writeBigUInt64LE(0x10000n, 48); // arm64 kernels may have pages of 64 KiB
  return header;
}

/** struct kernel_sigaction: handler, flags, restorer, mask; eight bytes each on both architectures. */
function sigaction(handler: number, flags: number, restorer: number): Buffer {
  const act = Buffer.alloc(32);
  for (const [i, value] of [handler, flags, restorer, 0].entries()) act.writeBigUInt64LE(BigInt(value), i * 8);
  return act;
}
const SIG_IGN = 1;
/** x86-64 kernels insist on a restorer (SA_RESTORER); ours is never reached, the handler exits. */
const SA_RESTORER = 0x04000000;

function amd64Code(): Buffer {
  const u32 = (n: number) => [n & 255, (n >>> 8) & 255, (n >>> 16) & 255, (n >>> 24) & 255];
  const move = (register: number, value: number) => [0xb8 + register, ...u32(value)]; // mov r32, imm32
  const [eax, edx, esi, edi] = [0, 2, 6, 7];
  const syscall = [0x0f, 0x05];
  const install = (signal: number, act: number) => [
    ...move(edi, signal),
    ...move(esi, act),
    ...move(edx, 0),
    ...[0x41, 0xba, ...u32(8)], // mov r10d, size of the mask
    ...move(eax, 13), // rt_sigaction
    ...syscall,
  ];
  const sleep = [...move(eax, 34), ...syscall]; // pause
  const loop = [...sleep, 0xeb, 256 - sleep.length - 2];
  const end = [0x31, 0xff, ...move(eax, 231), ...syscall]; // xor edi, edi; exit_group
  const program = (ignore: number, stop: number) => [
    ...install(SIGNALS.SIGCHLD, ignore),
    ...install(SIGNALS.SIGTERM, stop),
    ...install(SIGNALS.SIGINT, stop),
    ...loop,
  ];
  const endAt = ENTRY + program(0, 0).length;
  const dataAt = endAt + end.length;
  const acts = [sigaction(SIG_IGN, SA_RESTORER, endAt), sigaction(endAt, SA_RESTORER, endAt)];
  return Buffer.concat([Buffer.from([...program(dataAt, dataAt + 32), ...end]), ...acts]);
}

function arm64Code(): Buffer {
  const moveLow = (register: number, value: number) => (0xd2800000 | ((value & 0xffff) << 5) | register) >>> 0; // movz
  const moveHigh = (register: number, value: number) => (0xf2a00000 | (((value >>> 16) & 0xffff) << 5) | register) >>> 0; // movk, lsl 16
  const call = (number: number) => [moveLow(8, number), 0xd4000001]; // mov x8, number; svc 0
  const install = (signal: number, act: number) => [
    moveLow(0, signal),
    moveLow(1, act),
    moveHigh(1, act),
    moveLow(2, 0),
    moveLow(3, 8),
    ...call(134), // rt_sigaction
  ];
  const sleep = [moveLow(0, 0), moveLow(1, 0), moveLow(2, 0), moveLow(3, 0), moveLow(4, 0), ...call(73)]; // ppoll
  const loop = [...sleep, (0x14000000 | (-sleep.length & 0x3ffffff)) >>> 0]; // b
  const end = [moveLow(0, 0), ...call(94)]; // exit_group
  const program = (ignore: number, stop: number) => [
    ...install(SIGNALS.SIGCHLD, ignore),
    ...install(SIGNALS.SIGTERM, stop),
    ...install(SIGNALS.SIGINT, stop),
    ...loop,
  ];
  const endAt = ENTRY + program(0, 0).length * 4;
  const dataAt = endAt + end.length * 4;
  const words = [...program(dataAt, dataAt + 32), ...end];
  const text = Buffer.alloc(words.length * 4);
  for (const [i, word] of words.entries()) text.writeUInt32LE(word, i * 4);
  return Buffer.concat([text, sigaction(SIG_IGN, 0, 0), sigaction(endAt, 0, 0)]);
}
