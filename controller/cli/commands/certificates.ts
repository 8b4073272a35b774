import packageJson from '../../../package.json' with { type: 'json' };
import { serverNames } from '../../cluster-proxies.ts';
import { connectCluster } from '../../kubernetes/cluster-access.ts';
import { AUTHORITY_SECRET, certificates, SERVER_SECRET } from '../../pki/certificate-secrets.ts';
import { DEFAULT_NAMESPACE } from '../../settings.ts';
import { EXIT } from '../exit-codes.ts';
import { messageOf } from '../../runtime/message-of.ts';

/** What `sluice certificates` is asked for. */
export interface CertificatesFlags {
  readonly namespace?: string;
}

/**
 * `sluice certificates`: makes the authority and the serving certificate of a controller in the cluster of the kubeconfig or
 * the pod, or renews what is old, and leaves alone what is good. Gives the exit code.
 */
export async function makeCertificates({ namespace: asked }: CertificatesFlags): Promise<number> {
  try {
    const cluster = await connectCluster(`sluice/${packageJson.version}`);
    try {
      const namespace = asked ?? process.env['ENVOY_GATEWAY_NAMESPACE'] ?? cluster.namespace ?? DEFAULT_NAMESPACE;
      const dnsNames = serverNames(namespace, process.env);
      const made = await certificates({
        server: cluster.server,
        namespace,
        dnsNames,
        mayWrite: true,
        now: Date.now(),
      });
      const until = new Date(made.renewAt).toISOString();
      process.stdout.write(
        `Secrets ${namespace}/${AUTHORITY_SECRET} and ${namespace}/${SERVER_SECRET} are good until ${until}\n`,
      );
      return EXIT.fine;
    } finally {
      cluster.server.close();
    }
  } catch (error) {
    process.stderr.write(`sluice certificates: ${messageOf(error)}\n`);
    return EXIT.internal;
  }
}
