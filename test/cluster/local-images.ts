import { join } from 'node:path';
import { ROOT } from '#deploy/setup/node24.mjs';
import type { LocalImage } from './node/images.ts';

/** The programs that stand for images. */
export interface Programs {
  readonly envoy: string;
  readonly echo: string;
}

/** The checkout, as containers see it: they may not enter the folders that it is in. */
const CHECKOUT = '/opt/sluice';
const NODE = '/opt/node';

/** What stands for the images that tests run, from this checkout. */
export function localImages({ envoy, echo }: Programs): readonly LocalImage[] {
  const node = [{ source: process.execPath, path: NODE }];
  const program = (
    path: string,
    source: string,
  ): Pick<LocalImage, 'entrypoint' | 'files' | 'env' | 'keepsCommand'> => ({
    entrypoint: [path],
    files: [{ source, path }],
    env: {},
    keepsCommand: false,
  });
  return [
    { stands: named(/(^|\/)envoy:/u), ...program('/usr/local/bin/envoy', envoy) },
    { stands: named(/echo-basic|echoserver/u), ...program('/opt/echo-basic', echo) },
    {
      stands: named(/(^|\/)sluice[:@]/u),
      entrypoint: [NODE, `${CHECKOUT}/controller/cli/sluice.mjs`],
      files: [...node, { source: ROOT, path: CHECKOUT }],
      env: {},
      keepsCommand: false,
    },
    {
      stands: named(/(^|\/)sluice-sidecar[:@]/u),
      entrypoint: [NODE, `${CHECKOUT}/extproc/main.ts`],
      files: [...node, { source: ROOT, path: CHECKOUT }],
      env: {},
      keepsCommand: false,
    },
    {
      stands: named(/coredns/u),
      entrypoint: [NODE, '/opt/dns.mjs'],
      files: [...node, { source: join(import.meta.dirname, 'images', 'dns.mjs'), path: '/opt/dns.mjs' }],
      env: {},
      keepsCommand: false,
    },
  ];
}

function named(pattern: RegExp): (image: string) => boolean {
  return (image) => pattern.test(image);
}
