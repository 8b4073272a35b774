import { notAnAddress, parseAddress } from '../address.ts';
import { adminClient, adminFailure } from '../admin-client.ts';
import { EXIT } from '../exit-codes.ts';
import { serialize } from '../print.ts';
import type { ConfigDumpFlags } from '../program.ts';

/** `sluice config-dump`: prints what proxies are to have, by their keys. Resolves with the exit code. */
export async function configDump(gateway: string | undefined, flags: ConfigDumpFlags): Promise<number> {
  if (parseAddress(flags.admin) === undefined) return say(notAnAddress('--admin', flags.admin), EXIT.usage);
  const client = adminClient(flags.admin);
  try {
    const keys = (await client.listProxies({})).proxies.map(({ key }) => key);
    const proxies = gateway === undefined ? keys : [keyOf(gateway, keys)];
    const shown: [string, unknown][] = [];
    for (const proxy of proxies) shown.push([proxy, await ask(client, proxy, flags.show)]);
    process.stdout.write(serialize(Object.fromEntries(shown), flags.output));
    return EXIT.fine;
  } catch (error) {
    const failure = adminFailure(error, flags.admin);
    return say(failure.message, failure.exitCode);
  }
}

/** A proxy is called as its Gateway, or, where Gateways are merged, as their class. */
function keyOf(gateway: string, keys: readonly string[]): string {
  return gateway.includes('/') || keys.includes(gateway) ? gateway : `default/${gateway}`;
}

async function ask(
  client: ReturnType<typeof adminClient>,
  proxy: string,
  show: ConfigDumpFlags['show'],
): Promise<unknown> {
  switch (show) {
    case 'xds':
      return JSON.parse((await client.getXds({ proxy })).json);
    case 'ir':
      return JSON.parse((await client.getIr({ proxy })).json);
    case 'acks':
      return (await client.listAcknowledgements({ proxy })).acknowledgements.map(
        ({ type, name, version, state, message }) => ({
          type,
          name,
          version,
          state,
          ...(message === '' ? {} : { message }),
        }),
      );
    default:
      return show satisfies never;
  }
}

function say(message: string, code: number): number {
  process.stderr.write(`sluice config-dump: ${message}\n`);
  return code;
}
