import { join } from 'node:path';
import type { BuiltImage } from '#deploy/images/build.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import type { LocalImage } from './node/images.ts';

/** The programs that stand for images. */
export interface Programs {
  readonly envoy: string;
  readonly echo: string;
  /** What users get: the images of the Dockerfile. */
  readonly controller: BuiltImage;
  readonly sidecar: BuiltImage;
}

/** Tag of the images that are this checkout as it is, which tests install; any other is what users get. */
export const CHECKOUT_TAG = 'checkout';

/** The checkout, as containers see it: they may not enter the folders that it is in. */
const CHECKOUT = '/opt/checkout';
const NODE = '/opt/node';
/** Where the images of the Dockerfile have what they run. */
const PACKED = '/opt/sluice';

/** What stands for the images that tests run. */
export function localImages({ envoy, echo, controller, sidecar }: Programs): readonly LocalImage[] {
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
    ...[
      { name: 'sluice', built: controller, script: 'controller/cli/sluice.mjs' },
      { name: 'sluice-sidecar', built: sidecar, script: 'extproc/main.ts' },
    ].flatMap(({ name, built, script }): LocalImage[] => [
      {
        stands: named(new RegExp(`(^|/)${name}:${CHECKOUT_TAG}$`, 'u')),
        entrypoint: [NODE, `${CHECKOUT}/${script}`],
        files: [...node, { source: ROOT, path: CHECKOUT }],
        env: {},
        keepsCommand: false,
      },
      {
        stands: named(new RegExp(`(^|/)${name}[:@]`, 'u')),
        entrypoint: built.entrypoint.map((part) => (part === 'node' ? NODE : part)),
        files: [...node, { source: join(built.root, PACKED), path: PACKED }],
        env: built.env,
        keepsCommand: false,
      },
    ]),
    // A shell of this machine, which runs what a container says.
    { stands: named(/busybox/u), entrypoint: ['/bin/sh'], files: [], env: {}, keepsCommand: true },
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
