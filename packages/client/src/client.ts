import { Admin } from "./admin/admin.ts";
import type { ConsumerSettingsInput } from "./consumer/consumer-options.ts";
import { Consumer } from "./consumer/consumer.ts";
import { resolveConnectionOptions, type ConnectionOptions } from "./options.ts";
import type { ProducerSettingsInput } from "./producer/producer-options.ts";
import { Producer } from "./producer/producer.ts";

/** Makes producers, consumers and admin clients with the same connection options, and closes them together. */
export class Client {
  readonly #options: ConnectionOptions;
  readonly #parts = new Set<{ close(): Promise<void> }>();

  constructor(options: ConnectionOptions) {
    // A wrong option should be told here and not by the first producer.
    resolveConnectionOptions(options);
    this.#options = options;
  }

  producer(options: ProducerSettingsInput = {}): Producer {
    return this.#keep(new Producer({ ...this.#options, ...options }));
  }

  consumer(options: ConsumerSettingsInput = {}): Consumer {
    return this.#keep(new Consumer({ ...this.#options, ...options }));
  }

  admin(options: { readonly apiTimeoutMs?: number } = {}): Admin {
    return this.#keep(new Admin({ ...this.#options, ...options }));
  }

  async close(): Promise<void> {
    const results = await Promise.allSettled([...this.#parts].map((part) => part.close()));
    this.#parts.clear();
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #keep<T extends { close(): Promise<void> }>(part: T): T {
    this.#parts.add(part);
    return part;
  }
}
