import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { onTestFinished } from 'vitest';
import { type MessageTypes, schema } from '#proto/load.ts';
import type { MessageStream } from '../grpc/message-stream.ts';
import { listenOnSocket } from '../grpc/unix-server.ts';

type AgentMessage = MessageTypes['sluice.agent.v1.AgentMessage'];
type ControllerMessage = MessageInitShape<GenMessage<MessageTypes['sluice.agent.v1.ControllerMessage']>>;

/** One connection of an agent, as the controller sees it. */
export interface AgentConnection {
  send(message: ControllerMessage): void;
  /** Gives the next message; rejects when the agent goes before. */
  next(): Promise<AgentMessage['kind']>;
  /** Ends the stream as a controller that stops does. */
  close(): void;
}

/** A controller whose every move a test decides. */
export interface ModuleController {
  /** Gives the next connection of an agent. */
  connection(): Promise<AgentConnection>;
  stop(): Promise<void>;
}

/** Serves `sluice.agent.v1.ModuleAgent` on a socket. */
export async function moduleController(socket: string): Promise<ModuleController> {
  const connections = new Queue<AgentConnection>();
  const listening = await listenOnSocket(socket, [
    {
      '/sluice.agent.v1.ModuleAgent/Connect': {
        kind: 'stream',
        open: (stream) => connections.put(agentConnection(stream)),
      },
    },
  ]);
  if (listening.kind !== 'listening') throw new Error(listening.message);
  const stop = async (): Promise<void> => void (await listening.server.drain(0));
  onTestFinished(stop);
  return { connection: () => connections.take(), stop };
}

function agentConnection(stream: MessageStream): AgentConnection {
  const messages = new Queue<AgentMessage['kind']>();
  const gone = new Promise<never>((_, reject) => {
    stream.take({
      message: (bytes) => messages.put(fromBinary(schema('sluice.agent.v1.AgentMessage'), bytes).kind),
      end: () => undefined,
      gone: () => reject(new Error('the agent is gone')),
    });
  });
  gone.catch(() => undefined);
  return {
    send: (message) => {
      const type = schema('sluice.agent.v1.ControllerMessage');
      stream.send(toBinary(type, create(type, message)));
    },
    next: () => Promise.race([messages.take(), gone]),
    close: () => stream.end(),
  };
}

/** Values in the order they came, each for one taker. */
class Queue<T> {
  readonly #values: T[] = [];
  readonly #takers: ((value: T) => void)[] = [];

  put(value: T): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#values.push(value);
    else taker(value);
  }

  take(): Promise<T> {
    if (this.#values.length === 0) return new Promise((resolve) => this.#takers.push(resolve));
    const [value] = this.#values.splice(0, 1);
    return value === undefined ? Promise.reject(new Error('a queue holds no undefined')) : Promise.resolve(value);
  }
}
