/** Most elements that one array of a message may have; Kafka 4.4 uses the same bound. */
export const MAX_ARRAY_ELEMENTS = 1_000_000;

/** Most tagged fields that one struct may carry. */
export const MAX_TAGGED_FIELDS = 10_000;

/** Longest string in bytes of UTF-8; the old form has an int16 length and Kafka keeps the bound in the compact one. */
export const MAX_STRING_BYTES = 32_767;
