/**
 * The loopback HTTP endpoint by which a suite restarts or kills its broker. Requests are taken one after the other:
 * a suite that kills twice at once means two kills, not one.
 */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Target } from "./target.ts";

export class ControlEndpoint {
  readonly url: string;
  readonly #server: Server;
  readonly #target: Target;
  #starts = 1;
  #queue: Promise<void> = Promise.resolve();

  private constructor(server: Server, target: Target) {
    this.#server = server;
    this.#target = target;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request, response) => {
      request.resume();
      const answer = (): Promise<void> =>
        this.#answer(`${request.method} ${request.url}`, response);
      this.#queue = this.#queue.then(answer, answer);
    });
  }

  static async open(target: Target): Promise<ControlEndpoint> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    return new ControlEndpoint(server, target);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await this.#queue;
  }

  async #answer(request: string, response: ServerResponse): Promise<void> {
    try {
      if (request === "POST /restart") await this.#startAgain(() => this.#target.stop());
      else if (request === "POST /kill") await this.#startAgain(() => this.#target.kill());
      else if (request !== "GET /info") {
        response.writeHead(404).end("there is POST /restart, POST /kill and GET /info\n");
        return;
      }
      const { name, bootstrap, dataDir } = this.#target;
      const info = { target: name, bootstrap, dataDir, starts: this.#starts };
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(`${JSON.stringify(info)}\n`);
    } catch (error) {
      response.writeHead(500).end(`${error instanceof Error ? error.message : String(error)}\n`);
    }
  }

  async #startAgain(end: () => Promise<void>): Promise<void> {
    await end();
    await this.#target.start();
    this.#starts += 1;
  }
}
