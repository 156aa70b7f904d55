export { startOttla, type Ottla, type StartOttlaOptions } from "./start-ottla.ts";
export { Broker, type BrokerParts } from "./broker.ts";
export { ConfigError } from "./config/config-error.ts";
export { loadBrokerConfig, type BrokerConfig } from "./config/broker-config.ts";
export type { ConfigSources } from "./config/config-sources.ts";
export { runServer, StartError, type RunningServer, type ServerOptions } from "./server.ts";
export { servedApis } from "./handlers.ts";
export { createServerLogger } from "./server-logger.ts";
export { configurationPage } from "./config/configuration-page.ts";
