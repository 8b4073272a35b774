/** A TCP address. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Parses "HOST:PORT" or "[IPv6]:PORT"; `undefined` for anything else. */
export function parseAddress(text: string): Address | undefined {
  const found = /^(?<host>\[[0-9a-f:]+\]|[^:]+):(?<port>\d{1,5})$/iu.exec(text)?.groups;
  const port = Number(found?.['port']);
  if (found?.['host'] === undefined || port > 65_535) return undefined;
  return { host: found['host'].replace(/^\[|\]$/gu, ''), port };
}

/** What is said of a text that is no address. */
export function notAnAddress(flag: string, text: string): string {
  return `${flag}: found ${text}, accepted is HOST:PORT, such as 127.0.0.1:19001`;
}
