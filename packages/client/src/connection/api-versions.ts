import {
  Api,
  apiVersionsResponse,
  ByteReader,
  ErrorCode,
  type ApiDefinition,
  type ApiVersionsResponse,
  type VersionRange,
} from "@ottla/protocol";
import { UnsupportedVersionError } from "../errors.ts";

/** Version 3 is what every broker since 2.4 has; an older one says 35 and lists what it has (KIP-511). */
export const FIRST_API_VERSIONS_VERSION = 3;

/** Correlation id and error code: enough to tell a refusal, which always has the form of version 0. */
const ERROR_CODE_AT = 4;

export interface ApiVersionsAnswer {
  readonly body: ApiVersionsResponse;
  /** The version to ask again with, when the broker did not take the one that was sent. */
  readonly askAgainWith: number | undefined;
}

export function decodeApiVersions(frame: Uint8Array, version: number): ApiVersionsAnswer {
  const reader = new ByteReader(frame);
  reader.offset = ERROR_CODE_AT;
  const errorCode = reader.readInt16();
  reader.offset = ERROR_CODE_AT;
  if (errorCode !== ErrorCode.UNSUPPORTED_VERSION || version === 0) {
    return { body: apiVersionsResponse.decode(reader, version), askAgainWith: undefined };
  }
  const body = apiVersionsResponse.decode(reader, 0);
  const own = body.apiKeys.find(({ apiKey }) => apiKey === Api.ApiVersions.key);
  return { body, askAgainWith: Math.min(own?.maxVersion ?? 0, version - 1) };
}

/** What one broker serves. */
export class BrokerVersions {
  readonly #ranges = new Map<number, VersionRange>();

  constructor(response: ApiVersionsResponse) {
    for (const { apiKey, minVersion, maxVersion } of response.apiKeys) {
      this.#ranges.set(apiKey, { min: minVersion, max: maxVersion });
    }
  }

  /** The newest version that both sides know, not above `maxVersion` if that is given. */
  pick(api: Pick<ApiDefinition, "key" | "name" | "validVersions">, maxVersion?: number): number {
    const served = this.#ranges.get(api.key);
    if (served === undefined) {
      throw new UnsupportedVersionError(`the broker does not serve ${api.name}`);
    }
    const own = api.validVersions;
    const max = Math.min(served.max, own.max, maxVersion ?? own.max);
    if (max < Math.max(served.min, own.min)) {
      throw new UnsupportedVersionError(
        `the broker serves ${api.name} in versions ${served.min} to ${served.max}, ` +
          `this client speaks ${own.min} to ${Math.min(own.max, maxVersion ?? own.max)}`,
      );
    }
    return max;
  }

  supports(api: { readonly key: number }, version: number): boolean {
    const served = this.#ranges.get(api.key);
    return served !== undefined && version >= served.min && version <= served.max;
  }
}
