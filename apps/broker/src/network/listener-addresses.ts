import type { ConnectionInfo } from "../request/request-context.ts";

/** Where a client can reach a broker through one listener. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

/** `listenerName` -> address given by advertised.listeners; a listener without one is absent. */
export type AdvertisedListeners = ReadonlyMap<string, BrokerAddress>;

/**
 * Answers with the address that the client really used, unless `advertised.listeners` names one:
 * a wrong advertised host is the most common reason why a client cannot reach a Kafka broker.
 */
export class ListenerAddresses {
  readonly #advertised: AdvertisedListeners;

  constructor(advertised: AdvertisedListeners) {
    this.#advertised = advertised;
  }

  addressFor(connection: ConnectionInfo): BrokerAddress {
    const advertised = this.#advertised.get(connection.listenerName);
    // Port 0 in advertised.listeners stands for the port that was really bound.
    if (advertised) {
      return { host: advertised.host, port: advertised.port || connection.localPort };
    }
    return { host: connection.localHost, port: connection.localPort };
  }
}
