/*
 * CreatePartitions (API 37), versions 0 to 3 (KIP-195): adds partitions to topics. Records stay where
 * they are, so keys may map to other partitions from then on.
 */
import { MetadataStoreError } from "@ottla/coordinator";
import { Api, ErrorCode } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";
import { ALL_DIRECTORIES_OFFLINE } from "./create-topics.ts";

export const createPartitions = defineHandler({
  api: Api.CreatePartitions,
  minVersion: 0,
  maxVersion: 3,
  async handle({ services }, { topics, validateOnly }) {
    const { controller, partitions, logger } = services;
    if (!partitions.canCreate) {
      const errorCode = ErrorCode.KAFKA_STORAGE_ERROR;
      const errorMessage = ALL_DIRECTORIES_OFFLINE;
      return { results: topics.map(({ name }) => ({ name, errorCode, errorMessage })) };
    }
    const increases = topics.map(({ name, count, assignments }) => ({
      name,
      count,
      assignments: assignments?.map(({ brokerIds }) => brokerIds),
    }));
    try {
      const results = await controller.createPartitions(increases, { validateOnly });
      await partitions.settled();
      return {
        results: results.map((result) => ({
          name: result.name,
          errorCode: result.ok ? ErrorCode.NONE : result.errorCode,
          errorMessage: result.ok ? null : result.message,
        })),
      };
    } catch (error) {
      if (!(error instanceof MetadataStoreError)) throw error;
      logger.error("could not create partitions", { error: error.message });
      const errorCode = ErrorCode.KAFKA_STORAGE_ERROR;
      const errorMessage = error.message;
      return { results: topics.map(({ name }) => ({ name, errorCode, errorMessage })) };
    }
  },
});
