/** A volume cannot be made ready. The message is what the FailedMount event says. */
export class VolumeError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'VolumeError';
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
