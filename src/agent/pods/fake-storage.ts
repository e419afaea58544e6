import type { Pod } from '../../api/schema/generated/types.ts';
import type { PodStorage } from './ports.ts';

/** For fake nodes: nothing is on disk. Remembers which pods have volumes mounted. */
export class FakeStorage implements PodStorage {
  readonly mounted = new Set<string>();

  async mount(pod: Pod): Promise<void> {
    this.mounted.add(pod.metadata?.uid ?? '');
  }
  async refresh(): Promise<void> {}
  async unmount(pod: Pod): Promise<void> {
    this.mounted.delete(pod.metadata?.uid ?? '');
  }
  async remove(pod: Pod): Promise<void> {
    this.mounted.delete(pod.metadata?.uid ?? '');
  }
  async containerMounts(): Promise<[]> {
    return [];
  }
  async terminationMessage(): Promise<string> {
    return '';
  }
  logDirectory(pod: Pod): string {
    const { namespace, name, uid } = pod.metadata ?? {};
    return `/var/log/pods/${namespace}_${name}_${uid}`;
  }
  async podUids(): Promise<string[]> {
    return [...this.mounted];
  }
}
