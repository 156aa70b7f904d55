/**
 * The one answer that a request is owed. A request may be parked (a join waits for the others) and
 * answered by another request, a timer or a failure, whichever comes first; later answers are dropped.
 */
export class Reply<Response> {
  readonly promise: Promise<Response>;
  readonly #resolve: (response: Response) => void;
  readonly #toError: (errorCode: number) => Response;
  #isSent = false;

  constructor(toError: (errorCode: number) => Response) {
    const { promise, resolve } = Promise.withResolvers<Response>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#toError = toError;
  }

  get isSent(): boolean {
    return this.#isSent;
  }

  send(response: Response): void {
    if (this.#isSent) return;
    this.#isSent = true;
    this.#resolve(response);
  }

  fail(errorCode: number): void {
    this.send(this.#toError(errorCode));
  }
}
