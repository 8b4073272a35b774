import { Server, ServerCredentials, type ServiceDefinition, type UntypedHandleCall } from '@grpc/grpc-js';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { POD_METADATA, type ProxySocket } from '../infra/infra.ts';
import type { Clock } from '../runtime/clock.ts';
import { typeOfUrl, type XdsType } from '../xds/types.ts';
import type { Publication } from './ads/publication.ts';
import { decodeDeltaRequest, encodeDeltaResponse } from './ads/wire.ts';
import type { ModuleStore } from './agent/module-store.ts';
import { serveAgent } from './agent/agent-stream.ts';
import type { SidecarStates } from './agent/sidecar-states.ts';
import { podOf } from './pod.ts';
import { followMessages, type RawStream, whenEnded } from './raw-stream.ts';
import { CONNECTION_LIMITS, type ConnectionLimits } from './connection-limits.ts';
import { type Half, SameReplica } from './same-replica.ts';

/** What the server of one proxy works with. */
export interface ProxyServerOptions {
  /** The Unix socket stands for the proxy: whoever can open it gets that proxy's configuration. */
  readonly socket: ProxySocket;
  readonly publication: Publication;
  readonly modules: ModuleStore;
  readonly states: SidecarStates;
  /** A token named a key that is not in this key set. */
  readonly unknownKey: (keySet: string) => void;
  readonly clock: Clock;
  readonly log: Logger;
  /** `CONNECTION_LIMITS` where nothing is said. */
  readonly limits?: ConnectionLimits;
  /** The client has answered a response of a type. */
  readonly answered?: (type: XdsType, isRejected: boolean) => void;
}

const identity = (bytes: Buffer): Buffer => bytes;

function bidi(path: string): ServiceDefinition[string] {
  return {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  };
}

/**
 * So long an Envoy may say nothing, not even that it is there, before its connection is given up. Thousands of chains keep its
 * main thread busy for more than ten seconds on a slow machine; a connection that is ended then makes it begin again, and so
 * without end. Milliseconds.
 */
const LONGEST_SILENCE = 60_000;

/**
 * Serves one proxy on the Unix socket that it has: delta ADS to its Envoy, modules and states to its agent.
 *
 * The socket is the identity of the client: the node id that Envoy states is not read. Returns a function that ends every
 * connection.
 */
export function serveProxy(options: ProxyServerOptions): () => void {
  const { limits = CONNECTION_LIMITS } = options;
  const server = new Server({
    'grpc.max_receive_message_length': limits.message,
    'grpc.max_send_message_length': -1,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': LONGEST_SILENCE,
    ...(limits.age === undefined ? {} : { 'grpc.max_connection_age_ms': limits.age }),
    'grpc.max_connection_age_grace_ms': limits.grace,
  });
  const connections = new Map<string, Socket>();
  const same = new SameReplica(options.clock, (half, pod) =>
    options.log.info({ pod }, `an ${OTHERS[half]} asks another replica, or none: it is to come again`),
  );
  const meet = (half: Half, stream: RawStream): string | undefined => {
    const connection = connections.get(stream.getPeer());
    const pod = podOf(stream.metadata.get(POD_METADATA)[0], connection?.remoteAddress);
    if (pod !== undefined && connection !== undefined) whenEnded(stream, same.connected(half, pod, connection));
    return pod;
  };
  const handlers: Record<string, UntypedHandleCall> = {
    delta: (stream: RawStream) => {
      serveDelta(stream, options, meet('envoy', stream));
    },
    agent: (stream: RawStream) => {
      serveAgent(stream, options, meet('sidecar', stream));
    },
  };
  server.addService(
    {
      delta: bidi('/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources'),
      agent: bidi('/sluice.agent.v1.ModuleAgent/Connect'),
    },
    handlers,
  );
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  options.socket.take((connection) => {
    const { remoteAddress, remotePort } = connection;
    if (remoteAddress !== undefined && remotePort !== undefined) {
      const peer = `${remoteAddress}:${remotePort}`;
      connections.set(peer, connection);
      connection.once('close', () => {
        // A later one may have come from the same port.
        if (connections.get(peer) === connection) connections.delete(peer);
      });
    }
    injector.injectConnection(connection);
  });
  return () => {
    same.close();
    server.forceShutdown();
  };
}

/** What is told of a half of a pod that is here without the other. */
const OTHERS = { envoy: 'Envoy whose sidecar', sidecar: 'agent whose Envoy' } as const;

function serveDelta(
  stream: RawStream,
  { publication, modules, clock, log, answered }: ProxyServerOptions,
  pod: string | undefined,
): void {
  const session = publication.connect({
    clock,
    // On this machine one agent is for all, and what it has is what is published.
    ...(pod === undefined ? {} : { modules: modules.of(pod) }),
    send: (response) => {
      log.debug(
        { typeUrl: response.typeUrl, resources: response.resources.length, removed: response.removed.length },
        'xds response',
      );
      stream.write(encodeDeltaResponse(response));
    },
  });
  whenEnded(stream, () => publication.disconnect(session));
  followMessages(stream, {
    decode: decodeDeltaRequest,
    receive: (request) => {
      const type = typeOfUrl(request.typeUrl);
      if (type !== undefined && request.nonce !== '') answered?.(type, request.error !== undefined);
      session.receive(request);
    },
    unreadable: 'a client of the xDS server sent what is no DeltaDiscoveryRequest',
    log,
  });
}
