import type { MetadataImage } from "./metadata-image.ts";

/** A partition directory is named topic-partition, and most file systems allow 255 bytes. */
const MAX_TOPIC_NAME_LENGTH = 249;
const LEGAL_NAME = /^[a-zA-Z0-9._-]+$/;

/** Undefined when the name is legal, otherwise what is wrong with it. Never echoes the name itself. */
export function topicNameProblem(name: string): string | undefined {
  if (name.length === 0) return "a topic name must not be empty";
  if (name === "." || name === "..") return 'a topic must not be called "." or ".."';
  if (name.length > MAX_TOPIC_NAME_LENGTH) {
    return `a topic name has at most ${MAX_TOPIC_NAME_LENGTH} characters, this one has ${name.length}`;
  }
  if (!LEGAL_NAME.test(name)) {
    return 'a topic name consists of ASCII letters, digits, ".", "_" and "-" only';
  }
  return undefined;
}

/** Names that differ only in "." and "_" would be one in metrics, so Kafka allows one of them. */
export function collisionKey(name: string): string {
  return name.replaceAll(".", "_");
}

/** The existing topic that `name` collides with, other than itself. */
export function collidingTopic(image: MetadataImage, name: string): string | undefined {
  if (!name.includes(".") && !name.includes("_")) return undefined;
  const key = collisionKey(name);
  for (const existing of image.topicsByName.keys()) {
    if (existing !== name && existing.length === name.length && collisionKey(existing) === key) {
      return existing;
    }
  }
  return undefined;
}
