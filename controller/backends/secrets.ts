import type { ClusterIr } from '../ir/cluster.ts';
import { type Pieces, sameMembers } from '../ir/pieces.ts';
import { type SecretIr, SYSTEM_TRUST } from '../ir/secret.ts';
import { compare, type Resources } from '../resources/resources.ts';
import { remembered } from '../resources/tracked.ts';
import type { Settings } from '../settings.ts';
import { certificateIn } from '../tls/certificate.ts';
import { trustSecret } from '../tls/trust.ts';

/** Finds the secrets of a proxy as they are now: those of its clusters, and `own` lists. The same list as long as none changes. */
export type SecretsOf = (
  clusters: Pieces<ClusterIr>,
  own: readonly (readonly SecretIr[])[],
  resources: Resources,
) => readonly SecretIr[];

/** What clusters are spoken to with does not change them: it comes by SDS. */
export function rememberedSecrets({ systemTrust }: Pick<Settings, 'systemTrust'>): SecretsOf {
  const system: SecretIr = { kind: 'systemTrust', name: SYSTEM_TRUST, path: systemTrust };
  const ofCluster = remembered((cluster: ClusterIr, now): readonly SecretIr[] => secretsOf(cluster, system, now));
  const ofPiece = remembered((clusters: readonly ClusterIr[], now): readonly SecretIr[] =>
    clusters.flatMap((cluster) => (cluster.tls === undefined ? [] : ofCluster(cluster, now))),
  );
  let last: { readonly parts: readonly (readonly SecretIr[])[]; readonly secrets: readonly SecretIr[] } | undefined;
  return (clusters, own, resources) => {
    const parts = [...own, ...clusters.map((piece) => ofPiece(piece, resources)).filter(({ length }) => length > 0)];
    if (last !== undefined && sameMembers(parts, last.parts)) return last.secrets;
    const byName = new Map(parts.flat().map((secret) => [secret.name, secret]));
    const now = [...byName.values()].sort((a, b) => compare(a.name, b.name));
    const secrets = last !== undefined && sameMembers(now, last.secrets) ? last.secrets : now;
    last = { parts, secrets };
    return secrets;
  };
}

function secretsOf({ tls }: ClusterIr, system: SecretIr, resources: Resources): readonly SecretIr[] {
  if (tls === undefined) return [];
  const { trust, clientCertificate } = tls;
  const shown = clientCertificate === undefined ? [] : certificateNamed(clientCertificate, resources);
  switch (trust.kind) {
    case 'bundle':
      return [...shown, ...made(trustSecret(trust, resources))];
    case 'system':
      return [...shown, system];
    case 'unverified':
      return shown;
    default:
      return trust satisfies never;
  }
}

function made(secret: SecretIr | undefined): readonly SecretIr[] {
  return secret === undefined ? [] : [secret];
}

function certificateNamed(name: string, resources: Resources): readonly SecretIr[] {
  const [namespace = '', secretName = ''] = name.split('/');
  const secret = resources.get('Secret', namespace, secretName);
  const found = secret === undefined ? undefined : certificateIn(secret, resources.now());
  return found?.ok === true ? [found.value] : [];
}
