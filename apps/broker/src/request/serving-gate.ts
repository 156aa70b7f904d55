import type { Connection } from "../network/connection.ts";
import type { Reply } from "../network/response-queue.ts";
import type { RequestFrame } from "./request-context.ts";
import type { Router } from "./router.ts";

/**
 * Ports are taken before the data directory is opened. A client that connects in between waits,
 * instead of seeing a cluster without brokers.
 */
export class ServingGate {
  #router: Router | undefined;
  #open: (router: Router) => void = () => {};
  readonly #opened = new Promise<Router>((resolve) => {
    this.#open = resolve;
  });

  open(router: Router): void {
    this.#router = router;
    this.#open(router);
  }

  /** Once open there is no hop in between: the synchronous part of a request keeps its order. */
  serve(frame: RequestFrame, connection: Connection): Promise<Reply> {
    if (this.#router) return this.#router.serve(frame, connection);
    return this.#opened.then((router) => router.serve(frame, connection));
  }
}
