/** Hands out IPv4 addresses of a pod CIDR, lowest free one first; the network's own and the gateway's (.0, .1) are never given. */
export class FakeAddresses {
  readonly #base: number;
  readonly #size: number;
  readonly #free: number[] = [];
  #next = 2;

  /** `cidr`: `10.42.0.0/24`; of a dual-stack list (`a,b`) the first IPv4 range counts. */
  constructor(cidr: string) {
    const range = cidr.split(',').find((c) => c.includes('.')) ?? '10.88.0.0/16';
    const [address = '', bits = '24'] = range.trim().split('/');
    this.#base = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
    this.#size = 2 ** (32 - Number(bits));
  }

  /** Undefined when all are taken. */
  take(): string | undefined {
    const offset = this.#free.pop() ?? (this.#next < this.#size - 1 ? this.#next++ : undefined);
    return offset === undefined ? undefined : dotted(this.#base + offset);
  }

  release(address: string): void {
    const offset = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0) - this.#base;
    if (offset >= 2 && offset < this.#next) this.#free.push(offset);
  }
}

const dotted = (n: number): string => [24, 16, 8, 0].map((shift) => Math.floor(n / 2 ** shift) % 256).join('.');
