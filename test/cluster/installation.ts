import { render } from '#deploy/helm/helm.ts';
import { findGoProgram, HELM } from '#deploy/setup/go-program.ts';
import { CHECKOUT_TAG } from './local-images.ts';

/** What an installation of a test is to be. */
export interface Installation {
  /** Of the release, and of what belongs to the whole cluster. */
  readonly name: string;
  readonly namespace: string;
  readonly replicas?: number;
  /** What its pods run: this checkout as it is (where absent), or the images that users get. */
  readonly images?: 'checkout' | 'packed';
  /** The configuration of the controller (EnvoyGateway), but for its apiVersion and kind. */
  readonly configuration: { readonly [field: string]: unknown };
}

/** The objects of an installation as the chart makes them, its namespace with them; certificates are left to the controller. */
export function installationOf({
  name,
  namespace,
  replicas = 1,
  images = 'checkout',
  configuration,
}: Installation): Promise<string> {
  const settings = {
    createNamespace: true,
    fullnameOverride: name,
    'deployment.replicas': replicas,
    ...(images === 'packed'
      ? {}
      : {
          'deployment.envoyGateway.image.tag': CHECKOUT_TAG,
          'global.images.sidecar.image': `sluice-sidecar:${CHECKOUT_TAG}`,
        }),
  };
  return render(findGoProgram(HELM, process.env) ?? 'helm', {
    name,
    namespace,
    values: [
      '--no-hooks',
      ...Object.entries(settings).flatMap(([path, value]) => ['--set', `${path}=${value}`]),
      '--set-json',
      `config.envoyGateway=${JSON.stringify(configuration)}`,
    ],
  });
}
