import { status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { MessageStream, Taker } from '../grpc/message-stream.ts';
import type { Processor, StreamHandler } from '../processor/define-processor.ts';
import type { PhaseResult, Respond } from '../processor/results.ts';
import { decodeRequest, type Incoming, type StreamFlow } from './decode-request.ts';
import { encodeAnswer } from './encode-answer.ts';
import { changedFlow } from './mode-change.ts';
import { PhaseOrder } from './phase-order.ts';
import { StreamLife } from './stream-life.ts';

type PhaseIncoming = Extract<Incoming, { kind: 'phase' }>;

/**
 * One stream of `envoy.service.ext_proc.v3.ExternalProcessor/Process`: one HTTP request and its response.
 *
 * Messages are handled one after the other; while a handler is at work, and while Envoy does not read, none is taken
 * from the connection. What is wrong ends this stream with a gRPC error and touches no other. The stream is never
 * closed cleanly before Envoy closes it: Envoy takes that for "go on without the processor".
 */
export class ProcessingStream implements Taker {
  readonly #call: MessageStream;
  readonly #processor: Processor;
  readonly #log: Logger;
  readonly #life: StreamLife;
  readonly #order = new PhaseOrder();
  #handle: StreamHandler | undefined;
  #flow: StreamFlow = { request: 'pieces', response: 'pieces' };
  /** Whether the headers of each direction had `content-length`. */
  #requestLength = false;
  #responseLength = false;
  /** Once the stream has its last answer, or has failed, what Envoy still sends is dropped. */
  #answered = false;
  /** Whether a handler has yet to say what becomes of a message. */
  #atWork = false;

  constructor(call: MessageStream, processor: Processor, policy: string | undefined, log: Logger) {
    this.#call = call;
    this.#processor = processor;
    this.#log = log;
    this.#life = new StreamLife(policy);
  }

  /** Takes messages until Envoy closes the stream. */
  start(): void {
    this.#call.take(this);
  }

  end(): void {
    this.#close();
    this.#call.end();
  }

  gone(): void {
    this.#close();
  }

  drained(): void {
    if (!this.#atWork) this.#call.resume();
  }

  #close(): void {
    this.#answered = true;
    this.#life.end();
  }

  message(bytes: Buffer): void {
    if (this.#answered) return;
    const incoming = decodeRequest(bytes);
    switch (incoming.kind) {
      case 'window':
        return;
      case 'invalid':
        this.#refuse(incoming.reason);
        return;
      case 'phase':
        this.#process(incoming);
        return;
      default:
        incoming satisfies never;
    }
  }

  #process(incoming: PhaseIncoming): void {
    this.#flow = incoming.flow ?? this.#flow;
    const misplaced = this.#order.next(incoming.message);
    if (misplaced !== undefined) {
      this.#refuse(misplaced);
      return;
    }
    try {
      this.#handle ??= this.#processor.open(this.#life);
      const result = this.#handle(incoming.message);
      if (isPromise(result)) this.#await(incoming, result);
      else this.#answer(incoming, result);
    } catch (error) {
      this.#failed(incoming, error);
    }
  }

  #await(incoming: PhaseIncoming, result: PromiseLike<PhaseResult | void>): void {
    this.#atWork = true;
    this.#call.pause();
    Promise.resolve(result)
      .then((value) => this.#answer(incoming, value))
      .catch((error: unknown) => this.#failed(incoming, error))
      .finally(() => {
        this.#atWork = false;
        if (!this.#call.needsDrain) this.#call.resume();
      });
  }

  #answer({ message, marks, observed }: PhaseIncoming, result: PhaseResult | void): void {
    if (this.#answered) return;
    const isRequest = message.kind.startsWith('request');
    const flow = isRequest ? this.#flow.request : this.#flow.response;
    // Only a body that comes whole, now or by this answer, has to be as long as was said.
    const mayBeWhole = flow === 'whole' || (result?.kind === 'continue' && result.mode !== undefined);
    if (mayBeWhole && 'headers' in message && message.headers.has('content-length')) {
      if (isRequest) this.#requestLength = true;
      else this.#responseLength = true;
    }
    const declaresLength = isRequest ? this.#requestLength : this.#responseLength;
    const bytes = encodeAnswer({ message, marks, flow, declaresLength }, result);
    if (observed) return;
    if (result?.kind === 'continue' && result.mode !== undefined) this.#flow = changedFlow(result.mode);
    if (isRespond(result)) this.#answered = true;
    if (!this.#call.send(bytes)) this.#call.pause();
  }

  #failed({ message }: PhaseIncoming, error: unknown): void {
    if (this.#answered) return;
    this.#log.error({ policy: this.#life.policy, phase: message.kind, err: error }, 'processor failed');
    this.#fail(status.INTERNAL, 'the processor failed');
  }

  #refuse(details: string): void {
    this.#log.warn({ policy: this.#life.policy, reason: details }, 'stream refused');
    this.#fail(status.INVALID_ARGUMENT, details);
  }

  #fail(code: status, details: string): void {
    this.#close();
    this.#call.fail(code, details);
  }
}

function isPromise(
  value: PhaseResult | void | PromiseLike<PhaseResult | void>,
): value is PromiseLike<PhaseResult | void> {
  // From JavaScript `null` may come too, and is refused as a result.
  return typeof value === 'object' && value !== null && 'then' in value;
}

function isRespond(result: PhaseResult | void): result is Respond {
  return result?.kind === 'respond';
}
