import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP, isIPv6 } from 'node:net';
import { dirname, resolve } from 'node:path';
import type { EnvoyGateway, EnvoyProxy, SluiceSettings } from './api/gen/types.d.ts';
import { type FieldPath, formatFieldPath } from './api/field-path.ts';
import { validateConfig } from './api/validate.ts';
import { DEFAULT_FETCH_SETTINGS, type FetchSettings, type OverrideAddress } from '#extproc/outbound/fetch-settings.ts';
import { type ImageReference, parseReference } from './oci/reference.ts';
import { locate, parseYaml } from './provider/parse-yaml.ts';
import { rateLimitTimeout, type RedisSettings, redisSettings } from './redis/redis-settings.ts';
import { parseDuration } from './resources/duration.ts';
import { proxyDefaults } from './proxy-defaults.ts';
import { CONTROLLER_NAME } from './settings.ts';
import { type ClusterSettings, clusterSettings } from './cluster-settings.ts';
import { type LogSettings, logSettings } from './log-settings.ts';
import { CONNECTION_LIMITS, type ConnectionLimits } from './server/connection-limits.ts';
import { connectionLimits } from './xds-server-settings.ts';
import { settingsWithoutEffect } from './settings-without-effect.ts';
import { DEFAULT_TELEMETRY, type TelemetrySettings, telemetrySettings } from './telemetry/telemetry-settings.ts';

/** What a configuration file decides. */
export interface Configuration {
  readonly controllerName: string;
  /** Whether routes and policies may refer to Backends (`extensionApis.enableBackend`). */
  readonly backends: boolean;
  /** Whether EnvoyPatchPolicies are applied (`extensionApis.enableEnvoyPatchPolicy`). */
  readonly envoyPatchPolicy: boolean;
  /** How what manifests name by URL is fetched (`sluice`). */
  readonly fetch: FetchSettings;
  /** The image of the `policy` module, instead of the one that we bring. */
  readonly policyImage: ImageReference | undefined;
  /** The file of the authorities that proxies trust where a manifest says `System`; `undefined` for the machine's own. */
  readonly systemTrust: string | undefined;
  /** The Redis that global rate limits are counted in (`sluice.redis`, or `rateLimit.backend.redis`). Secret. */
  readonly redis: RedisSettings | undefined;
  /** How long a request waits to be counted (`rateLimit.timeout`); a second where nothing is said. Milliseconds. */
  readonly rateLimitTimeout: number | undefined;
  /** Whether requests are refused that global rate limits cannot count (`rateLimit.failClosed`). */
  readonly failClosed: boolean;
  /** How connections of proxies are bounded (`xdsServer`). */
  readonly connections: ConnectionLimits;
  /** How a cluster is followed (`provider.kubernetes`); without it manifests are in files. */
  readonly kubernetes: ClusterSettings | undefined;
  /** How all proxies run where their class and Gateway say nothing, or are merged into it (`envoyProxy`). */
  readonly envoyProxy: EnvoyProxy | undefined;
  /** `logging`. */
  readonly log: LogSettings;
  /** Where the admin endpoint is (`admin.address`). */
  readonly admin: { readonly host: string; readonly port: number } | undefined;
  /** What the controller tells of itself (`telemetry`). */
  readonly telemetry: TelemetrySettings;
}

/** What is decided where there is no configuration file: from files both extensions are on. */
export const DEFAULT_CONFIGURATION: Configuration = {
  controllerName: CONTROLLER_NAME,
  backends: true,
  envoyPatchPolicy: true,
  fetch: DEFAULT_FETCH_SETTINGS,
  policyImage: undefined,
  redis: undefined,
  rateLimitTimeout: undefined,
  systemTrust: undefined,
  failClosed: true,
  connections: CONNECTION_LIMITS,
  kubernetes: undefined,
  envoyProxy: undefined,
  log: logSettings(undefined),
  admin: undefined,
  telemetry: DEFAULT_TELEMETRY,
};

/** A configuration and what of it is not used, or everything that is wrong with it; each a line with its place. */
export type Configured =
  | { readonly ok: true; readonly value: Configuration; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: readonly string[] };

/** Fields of EnvoyGateway that this version uses. */
const USED: readonly string[] = [
  'apiVersion',
  'kind',
  'metadata',
  'gateway',
  'provider',
  'logging',
  'admin',
  'telemetry',
  'extensionApis',
  'rateLimit',
  'envoyProxy',
  'xdsServer',
  'sluice',
];

/** Reads a configuration file, one document of kind EnvoyGateway (gateway.envoyproxy.io/v1alpha1), and what it names. */
export function readConfiguration(file: string): Configured {
  const text = readText(file);
  return text.ok ? parseConfiguration(file, text.text) : { ok: false, errors: [text.error] };
}

/** Reads the text of a configuration file, and what it names; paths in it are relative to that of `file`. */
export function parseConfiguration(file: string, text: string): Configured {
  const parsed = parseYaml(text);
  if (!parsed.ok) {
    const { line, column } = parsed.position;
    return { ok: false, errors: [`${file}:${line}:${column}: ${parsed.message}`] };
  }
  const at = (path: FieldPath, message: string): string => {
    const { line, column } = locate(text, path);
    return `${file}:${line}:${column}: EnvoyGateway: ${path.length === 0 ? '' : `${formatFieldPath(path)}: `}${message}`;
  };
  const valid = validateConfig(parsed.value);
  if (!valid.ok) return { ok: false, errors: valid.errors.map(({ path, message }) => at(path, message)) };
  const { gateway, extensionApis, sluice } = valid.value;
  const errors: string[] = [];
  const refuseAt: Refuse = (path, message) => {
    errors.push(at(path, message));
  };
  const refuse: Refuse = (path, message) => refuseAt(['sluice', ...path], message);
  const fetch = fetchSettings(sluice ?? {}, dirname(file), refuse);
  const policyImage = imageReference(sluice?.policyImage, refuse);
  const redis = redisSettings(valid.value, refuseAt);
  const timeout = rateLimitTimeout(valid.value, refuseAt);
  const kubernetes = clusterSettings(valid.value.provider, refuseAt);
  const connections = connectionLimits(valid.value.xdsServer, refuseAt);
  const place = kubernetes === undefined ? 'processes' : 'pods';
  const envoyProxy = proxyDefaults(valid.value.envoyProxy, place, refuseAt);
  const telemetry = telemetrySettings(valid.value.telemetry, refuseAt);
  if (errors.length > 0) return { ok: false, errors };
  const extensions = kubernetes === undefined ? DEFAULT_CONFIGURATION : NO_EXTENSIONS;
  const { logging, admin } = valid.value;
  const value = {
    controllerName: gateway?.controllerName ?? DEFAULT_CONFIGURATION.controllerName,
    backends: extensionApis?.enableBackend ?? extensions.backends,
    envoyPatchPolicy: extensionApis?.enableEnvoyPatchPolicy ?? extensions.envoyPatchPolicy,
    // What is on loopback in a pod is the controller itself.
    fetch: kubernetes === undefined ? fetch : { ...fetch, refuse: new Set([...fetch.refuse, 'Loopback' as const]) },
    policyImage,
    redis,
    rateLimitTimeout: timeout,
    connections,
    kubernetes,
    envoyProxy,
    log: logSettings(logging),
    admin: admin?.address,
    telemetry,
    systemTrust: sluice?.systemTrust,
    // Differs from Envoy Gateway: where nothing is said, nothing is open.
    failClosed: valid.value.rateLimit?.failClosed ?? true,
  };
  return {
    ok: true,
    value,
    warnings: [
      ...unused(valid.value).map((path) => at(path, 'warning: this version does not use it')),
      ...settingsWithoutEffect(valid.value).map(({ path, why }) => at(path, `warning: without effect: ${why}`)),
    ],
  };
}

/** On a cluster, where many write manifests, both are off unless they are asked for, as in Envoy Gateway. */
const NO_EXTENSIONS = { backends: false, envoyPatchPolicy: false };

function unused(document: EnvoyGateway): readonly FieldPath[] {
  return Object.keys(document)
    .filter((field) => !USED.includes(field))
    .map((field) => [field]);
}

type Refuse = (path: FieldPath, message: string) => void;

function fetchSettings(sluice: SluiceSettings, folder: string, refuse: Refuse): FetchSettings {
  const { resolverOverrides = {}, registryMirrors = {}, caBundle, fetch } = sluice;
  return {
    resolverOverrides: new Map(
      Object.entries(resolverOverrides).map(([host, text]) => [
        host.toLowerCase(),
        overrideAddress(text, (message) => refuse(['resolverOverrides', host], message)),
      ]),
    ),
    registryMirrors: new Map(Object.entries(registryMirrors)),
    caBundle: caBundle === undefined ? undefined : certificates(resolve(folder, caBundle), refuse),
    refuse: new Set(fetch?.refuse),
    allow: fetch?.allow ?? [],
    timeout: fetch === undefined ? DEFAULT_FETCH_SETTINGS.timeout : timeoutOf(fetch.timeout, refuse),
  };
}

function imageReference(text: string | undefined, refuse: Refuse): ImageReference | undefined {
  if (text === undefined) return undefined;
  const reference = parseReference(text);
  if (reference.ok) return reference.value;
  refuse(['policyImage'], reference.refusal.message);
  return undefined;
}

function timeoutOf(text: string, refuse: Refuse): number {
  const timeout = parseDuration(text);
  if (timeout === 0) refuse(['fetch', 'timeout'], 'found 0, accepted is more than that');
  return timeout;
}

/** "ADDRESS", "ADDRESS:PORT" or "[ADDRESS]:PORT". */
function overrideAddress(text: string, refuse: (message: string) => void): OverrideAddress {
  if (isIP(text) !== 0) return { address: text, port: undefined };
  const [, v6, v4, digits] = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/u.exec(text) ?? [];
  const address = v6 ?? v4 ?? '';
  const port = Number(digits);
  if ((v6 === undefined ? isIP(address) !== 4 : !isIPv6(address)) || port < 1 || port > 65_535) {
    refuse(`found ${JSON.stringify(text)}, accepted is an IP address, or one with a port: 127.0.0.1:8443, [::1]:8443`);
  }
  return { address, port };
}

function certificates(file: string, refuse: Refuse): string | undefined {
  const found = readText(file);
  if (!found.ok) {
    refuse(['caBundle'], found.error);
    return undefined;
  }
  const blocks = found.text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/gu) ?? [];
  const bad = blocks.findIndex((block) => !isCertificate(block));
  if (blocks.length === 0) refuse(['caBundle'], `${file}: found no certificate, accepted are certificates in PEM`);
  if (bad !== -1) refuse(['caBundle'], `${file}: certificate ${bad + 1} of ${blocks.length} cannot be read`);
  return blocks.join('\n');
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

type Text = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly error: string };

function readText(file: string): Text {
  try {
    return { ok: true, text: readFileSync(file, 'utf8') };
  } catch (error) {
    return { ok: false, error: `${file}: ${error instanceof Error ? error.message : String(error)}` };
  }
}
