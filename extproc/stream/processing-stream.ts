import { status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { RawStream } from '../grpc/raw-method.ts';
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
export class ProcessingStream {
  readonly #call: RawStream;
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

  constructor(call: RawStream, processor: Processor, policy: string | undefined, log: Logger) {
    this.#call = call;
    this.#processor = processor;
    this.#log = log;
    this.#life = new StreamLife(policy);
  }

  /** Takes messages until Envoy closes the stream. */
  start(): void {
    this.#call.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.#call.on('end', () => {
      this.#close();
      this.#call.end();
    });
    this.#call.on('cancelled', () => this.#close());
    this.#call.on('error', () => this.#close());
  }

  #close(): void {
    this.#answered = true;
    this.#life.end();
  }

  #receive(bytes: Buffer): void {
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
    this.#call.pause();
    Promise.resolve(result)
      .then((value) => this.#answer(incoming, value))
      .catch((error: unknown) => this.#failed(incoming, error))
      .finally(() => {
        if (!this.#call.writableNeedDrain) this.#call.resume();
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
    if (this.#call.write(bytes)) return;
    this.#call.pause();
    this.#call.once('drain', () => this.#call.resume());
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
    failCall(this.#call, code, details);
  }
}

/** Ends a call with a gRPC error. */
export function failCall(call: RawStream, code: status, details: string): void {
  // grpc-js sends the status that an 'error' event carries, and goes on reading what the client sends.
  call.emit('error', Object.assign(new Error(details), { code, details }));
  call.resume();
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
