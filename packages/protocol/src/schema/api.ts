import type { Message } from "./message.ts";
import { includesVersion, type VersionRange } from "./version-range.ts";

/** A request, its response, and what stands around them on the wire. */
export interface ApiDefinition<Req = unknown, Res = unknown> {
  readonly key: number;
  readonly name: string;
  readonly request: Message<Req>;
  readonly response: Message<Res>;
  /** The final versions that Kafka's tables have; what a broker serves may be less. */
  readonly validVersions: VersionRange;
  requestHeaderVersion(version: number): number;
  responseHeaderVersion(version: number): number;
}

/** ApiVersions is answered before the client knows what the broker can do, hence never flexibly. */
const API_VERSIONS_KEY = 18;

export function defineApi<Req, Res>(
  request: Message<Req>,
  response: Message<Res>,
): ApiDefinition<Req, Res> {
  if (request.apiKey !== response.apiKey)
    throw new TypeError(`${request.name} and ${response.name} do not match`);
  const { min, max } = request.validVersions;
  return {
    key: request.apiKey,
    name: request.name.slice(0, -"Request".length),
    request,
    response,
    validVersions: { min, max: request.latestVersionUnstable ? max - 1 : max },
    requestHeaderVersion: (version) => (includesVersion(request.flexibleVersions, version) ? 2 : 1),
    responseHeaderVersion: (version) =>
      includesVersion(response.flexibleVersions, version) && response.apiKey !== API_VERSIONS_KEY
        ? 1
        : 0,
  };
}
