/** A certification request of CN=jane with a P-256 key, in DER and base64; for tests. */
export const FAKE_REQUEST_DER =
  'MIHIMHECAQAwDzENMAsGA1UEAwwEamFuZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABIINtEHSVjBmYkWeu46zi9KNOBdvY7I2M2xJjpccomc8kPfMNjGRHr9kAvcPcvlpt+MTByp5qOF7xPY+HrvhJ8WgADAKBggqhkjOPQQDAgNHADBEAiBM7+9N1fEGyoEdZr8upVhaq8t2BiuD7giIO0xmmVDWaAIgDbvkNjVy9kYlfzwU+qyt/6vGp6BBtU8+DTYR0rBYjPY=';

/** As `spec.request` takes it: base64 of PEM. */
export const requestOf = (der: string, label = 'CERTIFICATE REQUEST'): string =>
  btoa(`-----BEGIN ${label}-----\n${der}\n-----END ${label}-----\n`);
