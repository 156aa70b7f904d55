import type { TopicConfigAlteration, TopicConfigs } from "@ottla/coordinator";
import { ErrorCode } from "@ottla/protocol";
import { shortened } from "../../config/shortened.ts";
import { defaultListItems } from "../../config/topic-config.ts";

/** Kafka's codes for what to do with a value (KIP-339). Append and subtract are for lists. */
export const ConfigOperation = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const;

export interface ConfigChange {
  readonly name: string;
  readonly operation: number;
  /** Null only where the operation needs none. */
  readonly value: string | null;
}

/**
 * The settings of a topic after the changes. A list that the topic does not set starts from Kafka's default,
 * not from the broker's. INVALID_CONFIG for a list operation on what is no list.
 */
export function alterConfigs(
  before: TopicConfigs,
  changes: readonly ConfigChange[],
): ReturnType<TopicConfigAlteration> {
  const configs = new Map(before);
  for (const { name, operation, value } of changes) {
    if (operation === ConfigOperation.DELETE) {
      configs.delete(name);
      continue;
    }
    const given = value ?? "";
    if (operation === ConfigOperation.SET) {
      configs.set(name, given);
      continue;
    }
    const appends = operation === ConfigOperation.APPEND;
    const defaults = defaultListItems(name);
    if (!defaults) {
      const verb = appends ? "APPEND" : "SUBTRACT";
      const message = `Can't ${verb} to key ${shortened(name)} because its type is not LIST.`;
      return { ok: false, errorCode: ErrorCode.INVALID_CONFIG, message };
    }
    const own = configs.get(name);
    const items = own === undefined ? defaults : itemsOf(own);
    const named = new Set(itemsOf(given));
    const altered = appends
      ? [...new Set([...items, ...named])]
      : items.filter((item) => !named.has(item));
    configs.set(name, altered.join(","));
  }
  return { ok: true, configs };
}

function itemsOf(text: string): string[] {
  const items = text.split(",").map((item) => item.trim());
  return items.filter((item) => item !== "");
}
