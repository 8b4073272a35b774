import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { service } from '#proto/load.ts';
import { parseAddress } from './address.ts';
import { EXIT } from './exit-codes.ts';

/** Why the admin service did not answer as asked. */
export interface AdminFailure {
  readonly message: string;
  readonly exitCode: number;
}

/** The admin service of a running `sluice run`. The address was checked. */
export function adminClient(admin: string) {
  const { host, port } = parseAddress(admin) ?? { host: '127.0.0.1', port: 0 };
  const name = host.includes(':') ? `[${host}]` : host;
  const transport = createConnectTransport({
    baseUrl: `http://${name}:${port}`,
    httpVersion: '1.1',
    defaultTimeoutMs: 30_000,
  });
  return createClient(service('sluice.admin.v1.Admin'), transport);
}

/** What a failed call is to its user; an error of another kind is a bug and is thrown. */
export function adminFailure(error: unknown, admin: string): AdminFailure {
  if (!(error instanceof ConnectError)) throw error;
  switch (error.code) {
    case Code.NotFound:
      return { message: error.rawMessage, exitCode: EXIT.findings };
    case Code.Unavailable:
      return { message: `nothing answers at ${admin}: is sluice run up, with this --admin?`, exitCode: EXIT.internal };
    default:
      return { message: `${admin}: ${error.message}`, exitCode: EXIT.internal };
  }
}
